package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// Keys in the meta bucket.
const (
	backupMark   = "backup"   // of a backup: when it was made, in Unix seconds
	recoveryMark = "recovery" // of a backup: the data keys, wrapped by another provider
	epochMark    = "epoch"    // how often the store was restored, and one
	changesMark  = "changes"  // random; another after each change of what a backup holds
)

// backupSuffix is of the backup that a store makes of itself.
const backupSuffix = ".backup"

// BackupOptions may be zero.
type BackupOptions struct {
	// Recovery opens the backup where the store's own key is not: a
	// [Passphrase]. Without one, a backup is only good while that key is there.
	Recovery KeyProvider
	Progress Progress
}

// Backup writes what a store cannot get again to a file of mode 0600, in the
// place of one that may be there: clients, accounts with their credentials,
// keys, and the audit trail, as sealed as they are here. Codes, tokens and
// consent are not in it, so no backup can revive what was revoked. It reads one
// snapshot while others go on. When ctx ends before, the file is as it was.
func (s *Store) Backup(ctx context.Context, path string, o BackupOptions) error {
	ring := s.ring.Load()
	var recovery []byte
	if o.Recovery != nil {
		var err error
		if recovery, err = ring.wrap(ctx, o.Recovery); err != nil {
			return err
		}
	}
	t := s.tally(o.Progress)
	defer t.end()
	db, err := boltfile.Build(path+boltfile.NewSuffix, func(to *boltfile.Filler) error {
		return s.engine.View(func(r Reader) error {
			if err := backupMeta(r, to, recovery); err != nil {
				return err
			}
			return copyBuckets(ctx, r, to, s.lastingBuckets(), t.one)
		})
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	err = errors.Join(db.Close(), boltfile.Replace(path))
	if err != nil {
		return fmt.Errorf("store: backup to %s: %w", path, err)
	}
	return nil
}

func backupMeta(r Reader, to *boltfile.Filler, recovery []byte) error {
	marks := map[string][]byte{
		backupMark:   strconv.AppendInt(nil, time.Now().Unix(), 10),
		recoveryMark: recovery,
	}
	for _, mark := range []string{schemaMark, keysMark, epochMark, changesMark} {
		marks[mark] = r.Get(metaBucket, []byte(mark))
	}
	return putMarks(to, marks)
}

func putMarks(to putter, marks map[string][]byte) error {
	for mark, value := range marks {
		if value == nil {
			continue
		}
		if err := to.Put(metaBucket, []byte(mark), value); err != nil {
			return err
		}
	}
	return nil
}

func copyBuckets(ctx context.Context, r Reader, to putter, buckets []string, each func()) error {
	for _, bucket := range buckets {
		for key, value := range r.Scan(bucket, Range{}) {
			each()
			if err := errors.Join(ctx.Err(), to.Put(bucket, key, value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastingBuckets are those that a backup holds.
func (s *Store) lastingBuckets() []string {
	buckets := []string{eventsBucket}
	for bucket, t := range s.byBucket {
		if t.lasting {
			buckets = append(append(buckets, bucket), t.indexBuckets()...)
		}
	}
	return buckets
}

// BackupIfChanged keeps the backup beside the store's file true, from which
// [Open] restores a damaged one. It writes only if clients, accounts or keys have
// changed since. A store without a file has none.
func (s *Store) BackupIfChanged(ctx context.Context) error {
	e, ok := s.engine.(*boltEngine)
	if !ok {
		return nil
	}
	s.backingUp.Lock()
	defer s.backingUp.Unlock()
	path := e.path + backupSuffix
	if s.backedUp == "" {
		s.backedUp = backedUp(path)
	}
	var changes string
	err := s.engine.View(func(r Reader) error {
		changes = string(r.Get(metaBucket, []byte(changesMark))) + string(r.Get(metaBucket, []byte(keysMark)))
		return nil
	})
	if err != nil || changes == s.backedUp {
		return err
	}
	if err := s.Backup(ctx, path, BackupOptions{}); err != nil {
		return err
	}
	s.backedUp = changes
	return nil
}

// backedUp tells which changes a backup holds. One that cannot be read holds none.
func backedUp(path string) (changes string) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	db, err := boltfile.Open(path, defaultLockTimeout)
	if err != nil {
		return ""
	}
	defer db.Close()
	boltfile.Guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			r := boltTx{tx}
			changes = string(r.Get(metaBucket, []byte(changesMark))) + string(r.Get(metaBucket, []byte(keysMark)))
			return nil
		})
	})
	return changes
}

// Epoch counts from 1, and is higher after each restoration. What was handed out
// in an earlier epoch is refused.
func (s *Store) Epoch() (epoch int, err error) {
	err = s.engine.View(func(r Reader) error {
		epoch = readEpoch(r)
		return nil
	})
	return epoch, err
}

func readEpoch(r Reader) int {
	epoch, err := strconv.Atoi(string(r.Get(metaBucket, []byte(epochMark))))
	if err != nil {
		return 1
	}
	return epoch
}
