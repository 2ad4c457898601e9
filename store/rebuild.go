package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// rebuild writes a new file, has fill put the records in, and puts it in the
// place of the engine's, whole or not at all. Nobody may write meanwhile; those
// who read go on.
func (e *boltEngine) rebuild(fill func(*boltfile.Filler) error) error {
	next, err := boltfile.Build(e.path+boltfile.NewSuffix, fill)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	// It is locked before it has the name that others open.
	if err := os.Rename(e.path+boltfile.NewSuffix, e.path); err != nil {
		return errors.Join(err, next.Close(), os.Remove(e.path+boltfile.NewSuffix))
	}
	e.file.Swap(newBoltFile(next)).retire()
	return boltfile.SyncDir(filepath.Dir(e.path))
}

// compact rebuilds the file without its free pages.
func (e *boltEngine) compact(ctx context.Context, each func()) error {
	return e.view(func(from *bbolt.Tx) error {
		return e.rebuild(func(to *boltfile.Filler) error {
			return from.ForEach(func(name []byte, b *bbolt.Bucket) error {
				bucket := string(name)
				return b.ForEach(func(k, v []byte) error {
					each()
					return errors.Join(ctx.Err(), to.Put(bucket, k, v))
				})
			})
		})
	})
}

// usage returns how many bytes the file has, and how many of them are free.
func (e *boltEngine) usage() (size, free int64) {
	db := e.file.Load().db
	stats := db.Stats()
	e.view(func(tx *bbolt.Tx) error {
		size = tx.Size()
		return nil
	})
	return size, int64(stats.FreePageN+stats.PendingPageN) * int64(db.Info().PageSize)
}

// check returns what is wrong with the pages of the file.
func (e *boltEngine) check() (wrong []error) {
	err := e.view(func(tx *bbolt.Tx) error {
		wrong = boltfile.Check(tx)
		return nil
	})
	if err != nil {
		wrong = append(wrong, err)
	}
	return wrong
}
