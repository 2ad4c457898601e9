package xapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/offlineauth/offlineauth/boltfile"
)

// Errors of a [Store].
var (
	ErrNotFound = errors.New("xapi: there is no such record")
	ErrClosed   = errors.New("xapi: the store is closed")
)

// The buckets of the file. Statements are by their seq, which is the moment they
// were stored at, in microseconds since 1970, and different for each.
var (
	bucketStatements  = []byte("statements")  // seq -> flags and JSON, of those that are not voided
	bucketVoided      = []byte("voided")      // the same, of the others
	bucketIDs         = []byte("ids")         // UUID -> seq
	bucketIndex       = []byte("index")       // term, seq -> own or inherited
	bucketRefs        = []byte("refs")        // UUID of a target, seq of who refers to it -> nothing
	bucketVoids       = []byte("voids")       // UUID of what is voided, there or not -> seq of who voids it
	bucketAttachments = []byte("attachments") // SHA-2 sum -> media type and content
	bucketActivities  = []byte("activities")  // hash of the id -> definition
	bucketPersons     = []byte("persons")     // hash of the identity -> names
	bucketDocuments   = []byte("documents")   // whose, id -> time, media type and content
	bucketChanges     = []byte("changes")     // seq of its last change -> whose a document is, and its id
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

// lockTimeout is how long Open waits for another process that has the file.
const lockTimeout = 5 * time.Second

// A Store keeps learning records in one file. It is safe for concurrent use.
type Store struct {
	path   string
	commit *committer
	care   sync.Mutex // of long work: one at a time

	mu sync.RWMutex // of db, which a compaction replaces
	db *bbolt.DB
}

// Open opens the file or makes it, readable by its owner alone. The error is
// boltfile.ErrCorrupt if it is damaged: see [OpenOrRestore].
func Open(path string) (*Store, error) {
	db, last, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("xapi: %w", err)
	}
	return &Store{path: path, db: db, commit: newCommitter(db, last)}, nil
}

func open(path string) (db *bbolt.DB, last uint64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, 0, err
	}
	if err := boltfile.CheckEmpty(path, BackupSuffix); err != nil {
		return nil, 0, err
	}
	db, err = boltfile.Open(path, lockTimeout)
	if err != nil {
		return nil, 0, err
	}
	db.AllocSize = growBy
	err = errors.Join(boltfile.Settle(path, false), boltfile.Inspect(db, openMark))
	if err == nil {
		err = boltfile.Guard(func() (err error) {
			last, err = prepare(db)
			return err
		})
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db, last, nil
}

// prepare makes the buckets of a new file, brings an older one to this form, and
// returns the newest seq.
func prepare(db *bbolt.DB) (last uint64, err error) {
	var version int
	err = db.View(func(tx *bbolt.Tx) (err error) {
		version, err = schemaOf(tx)
		return err
	})
	if err == nil && version < schemaVersion {
		err = db.Update(bringUp)
		if err == nil {
			err = boltfile.SyncDir(filepath.Dir(db.Path()))
		}
	}
	if err != nil {
		return 0, err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		last = newestSeq(tx)
		return nil
	})
	return last, err
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
func (s *Store) view(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	err := s.db.View(fn)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
