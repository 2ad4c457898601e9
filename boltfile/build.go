package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// NewSuffix is of a file that is to take another's place.
const NewSuffix = ".new"

// batch is how many bytes one transaction of a filler writes.
const batch = 1 << 20

// Build makes a file and leaves it open, durable, or not there. One that is there is
// replaced.
func Build(path string, fill func(*Filler) error) (*bbolt.DB, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	db, _, err := openGuarded(path, time.Second)
	if err != nil {
		return nil, err
	}
	db.NoSync = true // until it is whole
	f := &Filler{db: db}
	err = errors.Join(fill(f), f.end())
	if err == nil {
		err = db.Sync()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close(), os.Remove(path))
	}
	db.NoSync = false
	return db, nil
}

// A Filler writes to a new file, in the order of the keys of each bucket.
type Filler struct {
	db   *bbolt.DB
	tx   *bbolt.Tx
	size int
}

// Put writes a record of a bucket. The slices stay the caller's.
func (f *Filler) Put(bucket string, key, value []byte) (err error) {
	if f.tx == nil {
		if f.tx, err = f.db.Begin(true); err != nil {
			return err
		}
	}
	b, err := f.tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return err
	}
	b.FillPercent = 0.9 // nearly full, with some room for what is put in between
	// bbolt keeps the value until the commit, which may come after the transaction that it
	// was read in: its page could have been written to by then.
	if err := b.Put(key, bytes.Clone(value)); err != nil {
		return err
	}
	if f.size += len(key) + len(value); f.size > batch {
		return f.flush()
	}
	return nil
}

func (f *Filler) flush() error {
	if f.tx == nil {
		return nil
	}
	tx := f.tx
	f.tx, f.size = nil, 0
	return tx.Commit()
}

// end commits what is left; what failed is rolled back with the file.
func (f *Filler) end() error { return f.flush() }

// Replace puts a file that was built in the place of another, whole or not at all.
func Replace(path string) error {
	if err := os.Rename(path+NewSuffix, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SetAside gives the file a second name, which it returns, so that it can be replaced
// under its first. It returns "" if there is none.
func SetAside(path string) (aside string, err error) {
	aside = path + ".aside-" + time.Now().UTC().Format("20060102T150405.000000000Z")
	err = os.Link(path, aside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, fs.ErrPermission): // a file system without links
		err = os.Rename(path, aside)
	}
	return aside, err
}
