package boltfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	// fileStep is by how much the file grows, in bytes: small enough for a
	// phone, large enough to be rare.
	fileStep = 256 << 10
	// mapSize is how large the file may become before bbolt has to map it
	// anew. To do that it waits for all readers, and makes new ones wait. It
	// costs address space, not memory.
	mapSize = 256 << 20
)

// openAttempts bounds how often a file is opened that is being replaced.
const openAttempts = 10

// Open opens a file, or makes it, readable by its owner alone. When it returns, the file
// that it has locked is the one at the path: another process may have rebuilt it
// meanwhile. The error is a [LockedError], or [ErrCorrupt].
func Open(path string, lockTimeout time.Duration) (*bbolt.DB, error) {
	for range openAttempts {
		db, file, err := openGuarded(path, lockTimeout)
		if err != nil {
			return nil, openError(path, err)
		}
		opened, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(opened, there) {
			return db, nil
		}
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
	return nil, &LockedError{Path: path}
}

// openGuarded opens the file. What a damaged one does to bbolt, or its mapping
// to the process, becomes an error.
func openGuarded(path string, lockTimeout time.Duration) (db *bbolt.DB, file *os.File, err error) {
	err = Guard(func() error {
		var err error
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:         lockTimeout,
			InitialMmapSize: initialMap(),
			// Pages are taken in their order: those of one commit often lie side by side
			// then, and a disk has them sooner. The other kind takes any.
			FreelistType: bbolt.FreelistArrayType,
			// The free list is written with each commit (NoFreelistSync is off):
			// without it, each start would read the whole file to find it again.
			OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
				file, err = os.OpenFile(name, flag, mode)
				return file, err
			},
		})
		return err
	})
	if err != nil {
		if file != nil && errors.Is(err, ErrCorrupt) {
			unlock(file)
			file.Close()
		}
		return nil, nil, err
	}
	db.AllocSize = fileStep
	return db, file, nil
}

// Guard calls fn, which reads a file that may be damaged, and returns ErrCorrupt
// if it panics or reads what is not there.
func Guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, p)
		}
	}()
	return fn()
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return lockHolder(path)
	case errors.Is(err, ErrCorrupt):
		return fmt.Errorf("%s: %w", path, err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%s: %w: %w", path, ErrCorrupt, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// Inspect looks whether an open file is whole: its length always, all of it if the power
// may have been cut since it was written to. mark returns the boot in which it was
// opened by somebody who has not closed it; nil if it was closed.
//
// The disk should have kept what it said it had; some do not. A file whose process was
// merely killed is not read: the system has all it wrote.
func Inspect(db *bbolt.DB, mark func(*bbolt.Tx) []byte) error {
	path := db.Path()
	err := Guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if info.Size() < tx.Size() {
				return fmt.Errorf("%w: it ends after %d bytes of %d", ErrCorrupt, info.Size(), tx.Size())
			}
			boot := mark(tx)
			if boot == nil || string(boot) == BootID() && BootID() != "" {
				return nil
			}
			return Walk(tx, func() error { return nil })
		})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Walk reads everything that can be reached, and calls each for every key.
func Walk(tx *bbolt.Tx, each func() error) error {
	if err := checkPages(tx); err != nil {
		return err
	}
	return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		return b.ForEach(func(_, _ []byte) error { return each() })
	})
}

// Check returns what is wrong with the pages of the file.
func Check(tx *bbolt.Tx) (wrong []error) {
	err := Guard(func() error {
		if err := Walk(tx, func() error { return nil }); err != nil {
			return err
		}
		for err := range tx.Check() { // can bear what the walk could
			wrong = append(wrong, err)
		}
		return nil
	})
	if err != nil {
		wrong = append(wrong, err)
	}
	return wrong
}

// initialMap is the size to map at first; 0 leaves it to bbolt.
func initialMap() int {
	switch {
	case runtime.GOOS == "windows": // the file itself would be made as large
		return 0
	case strconv.IntSize == 32:
		return mapSize / 8
	}
	return mapSize
}

// CheckEmpty refuses a file without content that has a backup beside it: bbolt would begin
// a new one.
func CheckEmpty(path, backupSuffix string) error {
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return nil
	}
	if _, err := os.Stat(path + backupSuffix); err != nil {
		return nil
	}
	return fmt.Errorf("%s: %w: it is empty", path, ErrCorrupt)
}

// Settle makes a new file's name durable, and an old one private, and removes
// what a rebuilding has left that was cut off.
func Settle(path string, created bool) error {
	if err := os.Remove(path + NewSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if created {
		return SyncDir(filepath.Dir(path))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(path, 0o600)
}
