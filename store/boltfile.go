package store

import (
	"sync"

	"go.etcd.io/bbolt"
)

// A boltFile is a bbolt file that is closed when its last reader has done with
// it. bbolt's own Close holds up those who end their reading until all have.
type boltFile struct {
	db *bbolt.DB

	mu      sync.Mutex
	readers int
	retired bool
	closed  chan struct{}
	err     error // of closing
}

func newBoltFile(db *bbolt.DB) *boltFile { return &boltFile{db: db, closed: make(chan struct{})} }

// view reads from the file, or reports that it is retired.
func (f *boltFile) view(fn func(*bbolt.Tx) error) (retired bool, err error) {
	f.mu.Lock()
	if f.retired {
		f.mu.Unlock()
		return true, nil
	}
	f.readers++
	f.mu.Unlock()
	defer f.done()
	return false, f.db.View(fn)
}

func (f *boltFile) done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers--
	f.closeIfUnused()
}

// retire lets nobody else read, and closes the file as soon as nobody does.
func (f *boltFile) retire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.retired {
		f.retired = true
		f.closeIfUnused()
	}
}

func (f *boltFile) closeIfUnused() {
	if f.retired && f.readers == 0 {
		f.err = f.db.Close()
		close(f.closed)
	}
}
