package xapi

import (
	"context"
	"errors"
	"sync"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of a [Store].
var (
	ErrNotFound = errors.New("xapi: there is no such record")
	ErrClosed   = errors.New("xapi: the store is closed")
)

// The buckets of the file. Statements are by their seq, which is the moment they
// were stored at, in microseconds since 1970, and different for each. What is in braces is
// a mark of it, what is in brackets is sealed: see [vault].
var (
	bucketStatements  = []byte("statements")  // seq -> [flags and JSON], of those that are not voided
	bucketVoided      = []byte("voided")      // the same, of the others
	bucketIDs         = []byte("ids")         // {UUID} -> seq
	bucketIndex       = []byte("index")       // {term}, seq -> own or inherited
	bucketRefs        = []byte("refs")        // {UUID of a target}, seq of who refers to it -> nothing
	bucketVoids       = []byte("voids")       // {UUID of what is voided, there or not} -> seq of who voids it
	bucketAttachments = []byte("attachments") // {SHA-2 sum} -> [media type and content]
	bucketActivities  = []byte("activities")  // {id} -> [definition]
	bucketPersons     = []byte("persons")     // {identity} -> [names]
	bucketDocuments   = []byte("documents")   // {whose}, {registration, id} -> [time, names, media type and content]
	bucketChanges     = []byte("changes")     // seq of its last change -> [whose a document is, and its id]
	bucketChanged     = []byte("changed")     // key of a document -> seq of its last change
)

var buckets = [][]byte{
	bucketStatements, bucketVoided, bucketIDs, bucketIndex, bucketRefs, bucketVoids,
	bucketAttachments, bucketActivities, bucketPersons, bucketDocuments, bucketUpstreams,
	bucketChanges, bucketChanged,
}

// growBy is by how much a large file grows, in bytes: a batch of statements is larger than
// what boltfile expects.
const growBy = 16 << 20

// A Store keeps learning records in one file. It is safe for concurrent use.
type Store struct {
	path   string
	commit *committer
	care   sync.Mutex // of long work: one at a time

	migrated bool // it was of an older form when it was opened

	mu    sync.RWMutex // of db and its vault, which compaction and rekeying replace
	db    *bbolt.DB
	vault *vault
}

func newestSeq(tx *bbolt.Tx) (last uint64) {
	for _, name := range [][]byte{bucketStatements, bucketVoided, bucketChanges} {
		if k, _ := tx.Bucket(name).Cursor().Last(); k != nil {
			last = max(last, seqOf(k))
		}
	}
	return last
}

func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// Close waits for the commit that runs and closes the file.
func (s *Store) Close() error {
	s.commit.close()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var err error
	if s.commit.marked {
		s.commit.marked = false
		err = s.db.Update(removeMark)
	}
	return errors.Join(err, s.db.Close())
}

// view runs fn on what is committed.
func (s *Store) view(ctx context.Context, fn func(tx *reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	err := s.db.View(func(tx *bbolt.Tx) error { return fn(newReader(tx, s.vault)) })
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
