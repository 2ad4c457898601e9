package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/offlineauth/offlineauth/boltfile"
)

// boltEngine is the [Engine] on a bbolt file. The file may be rebuilt beneath it
// (see rebuild).
type boltEngine struct {
	path string
	file atomic.Pointer[boltFile]
}

func newBoltEngine(path string, db *bbolt.DB) *boltEngine {
	e := &boltEngine{path: path}
	e.file.Store(newBoltFile(db))
	return e
}

// openMark is the key in the meta bucket of the boot in which the store was written to and
// not closed yet.
const openMark = "open"

// openBolt opens the file or makes it, readable by its owner alone. The error is
// ErrCorrupt if it is damaged.
func openBolt(path string, lockTimeout time.Duration) (*boltEngine, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	_, err := os.Stat(path)
	created := errors.Is(err, fs.ErrNotExist)
	if err := boltfile.CheckEmpty(path, backupSuffix); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db, err := boltfile.Open(path, lockTimeout)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	mark := func(tx *bbolt.Tx) []byte { return boltTx{tx}.Get(metaBucket, []byte(openMark)) }
	if err := errors.Join(boltfile.Settle(path, created), boltfile.Inspect(db, mark)); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), db.Close())
	}
	return newBoltEngine(path, db), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (e *boltEngine) Update(fn func(Tx) error) error {
	return closedError(e.file.Load().db.Update(func(tx *bbolt.Tx) error { return fn(&boltWriter{boltTx: boltTx{tx}}) }))
}

func (e *boltEngine) View(fn func(Reader) error) error {
	return e.view(func(tx *bbolt.Tx) error { return fn(boltTx{tx}) })
}

// view tries again if the file was rebuilt just when it was to be read.
func (e *boltEngine) view(fn func(*bbolt.Tx) error) error {
	for {
		file := e.file.Load()
		retired, err := file.view(fn)
		switch {
		case !retired:
			return closedError(err)
		case e.file.Load() == file:
			return ErrClosed
		}
	}
}

// Close waits for the readers of the file.
func (e *boltEngine) Close() error {
	file := e.file.Load()
	file.retire()
	<-file.closed
	return file.err
}

func closedError(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// A boltTx reads in a transaction. What it does with the trees of bbolt, one for each
// bucket, is here; where a record is, in lately.go.
type boltTx struct{ tx *bbolt.Tx }

func (t boltTx) getTree(bucket string, key []byte) []byte {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Get(key)
}

// appended are the buckets whose keys come in their order, nearly: what is full is seldom
// put into again, so a page is split when it is full, not in the middle.
var appended = map[string]bool{"authorizations": true, eventsBucket: true, expiryBucket: true}

// fullPage is how full a page is left then: when their codes are redeemed, the records of
// logins grow by a third.
const fullPage = 0.8

func (t boltTx) putTree(bucket string, key, value []byte) error {
	b, err := t.tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return err
	}
	if appended[bucket] {
		b.FillPercent = fullPage
	}
	return b.Put(key, value)
}

func (t boltTx) deleteTree(bucket string, key []byte) error {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Delete(key)
}

func (t boltTx) scanTree(bucket string, r Range) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		b := t.tx.Bucket([]byte(bucket))
		if b == nil {
			return
		}
		c := b.Cursor()
		if r.Reverse {
			for k, v := seekLast(c, r.To); k != nil && bytes.Compare(k, r.From) >= 0 && yield(k, v); k, v = c.Prev() {
			}
			return
		}
		for k, v := c.Seek(r.From); k != nil && (r.To == nil || bytes.Compare(k, r.To) < 0) && yield(k, v); k, v = c.Next() {
		}
	}
}

// seekLast goes to the last key before to, or the last of all if it is nil.
func seekLast(c *bbolt.Cursor, to []byte) (k, v []byte) {
	if to == nil {
		return c.Last()
	}
	if k, _ = c.Seek(to); k == nil {
		return c.Last()
	}
	return c.Prev()
}
