package xapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// BackupSuffix is of the backup that is kept beside a file; see [Store.BackupIfOld].
const BackupSuffix = ".backup"

// Restored says what a restoration has done.
type Restored struct {
	MadeAt time.Time // when the backup was made; zero if there was none, and the records begin anew
	Aside  string    // where the file of before is now; "" if there was none
}

// Restore makes a file at path of a backup that was sealed under one of the keys, which the
// file is sealed under, too. Records of the file that was there are kept aside with it, whole or
// damaged. What an upstream has got since
// the backup is sent there again, under the same ids, so nothing is there twice.
//
// The errors are boltfile.ErrLocked if somebody has the file open; boltfile.ErrCorrupt if
// the backup is torn, altered, or under another key; those of the file system. Then
// nothing has changed.
func Restore(ctx context.Context, path, backup string, keys Keys, progress Progress) (done Restored, err error) {
	from, err := os.Open(backup)
	if err != nil {
		return done, fmt.Errorf("xapi: backup: %w", err)
	}
	defer from.Close()
	unlock, err := hold(path)
	if err != nil {
		return done, err
	}
	defer unlock()
	t := &tally{progress: progress}
	db, madeAt, err := restoreTo(ctx, path+boltfile.NewSuffix, from, keys, t)
	if err != nil {
		return done, fmt.Errorf("xapi: %s: %w", backup, err)
	}
	defer db.Close() // holds the lock until it is in its place
	if done.Aside, err = boltfile.SetAside(path); err == nil {
		err = boltfile.Replace(path)
	}
	if err != nil {
		return Restored{}, fmt.Errorf("xapi: restore: %w", err)
	}
	done.MadeAt = madeAt
	t.end()
	return done, nil
}

// hold locks the file that is to be replaced, if it can be opened.
func hold(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("xapi: %w", err)
	}
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return func() {}, nil
	}
	db, err := boltfile.Open(path, lockTimeout)
	switch {
	case errors.Is(err, boltfile.ErrCorrupt):
		return func() {}, nil
	case err != nil:
		return nil, fmt.Errorf("xapi: %w", err)
	}
	return func() { db.Close() }, nil
}

// OpenOrRestore is Open, but a damaged file is kept aside, and restored from the backup
// beside it if there is one and the keys open it; else the records begin anew. It says
// what it did: to the log, and by what it returns, which is nil if the file was whole.
func OpenOrRestore(ctx context.Context, path string, keys Keys, log *slog.Logger) (*Store, *Restored, error) {
	s, damage := Open(ctx, path, keys)
	if !errors.Is(damage, boltfile.ErrCorrupt) {
		if damage == nil && s.migrated {
			tellMigrated(path, log)
		}
		return s, nil, damage
	}
	done, failed := Restore(ctx, path, path+BackupSuffix, keys, nil)
	if failed != nil {
		var err error
		if done.Aside, err = putAside(path); err != nil {
			return nil, nil, errors.Join(damage, err)
		}
		log.Error("the learning records were damaged and begin anew; there is no backup of them that can be restored", "damage", damage, "cause", failed, "aside", done.Aside)
	} else {
		log.Error("the learning records were damaged and are restored from a backup", "damage", damage, "backup", done.MadeAt, "aside", done.Aside)
	}
	s, err := Open(ctx, path, keys)
	return s, &done, err
}

// tellMigrated says what has become of a file that was open to all who could read it, and
// what is left of that.
func tellMigrated(path string, log *slog.Logger) {
	log.Info("the learning records are sealed now", "file", path)
	if aside, err := filepath.Glob(path + ".aside-*"); err == nil && len(aside) > 0 {
		log.Warn("learning records that were kept aside before are not sealed: remove them once nobody needs them", "files", aside)
	}
}

// StartAnew keeps the file aside, and the backup beside it, so that the next [Open] makes an
// empty one. It returns where the file is; "" if there was none. The error is
// boltfile.ErrLocked if somebody has it open.
func StartAnew(path string) (aside string, err error) {
	unlock, err := hold(path)
	if err != nil {
		return "", err
	}
	defer unlock()
	if aside, err = putAside(path); err != nil {
		return "", fmt.Errorf("xapi: %w", err)
	}
	if aside == "" {
		return "", nil
	}
	if err := os.Rename(path+BackupSuffix, aside+BackupSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("xapi: %w", err)
	}
	return aside, nil
}

// Opens returns [ErrSealed] if the file is sealed under another key, and nil if it is not,
// or is not there, or is damaged: that is for [OpenOrRestore] to find out.
func Opens(path string, keys Keys) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil
	}
	db, err := boltfile.Open(path, lockTimeout)
	switch {
	case errors.Is(err, boltfile.ErrCorrupt):
		return nil
	case err != nil:
		return fmt.Errorf("xapi: %w", err)
	}
	err = boltfile.Guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			_, _, err := formOf(tx, keys)
			return err
		})
	})
	if err = errors.Join(err, db.Close()); errors.Is(err, ErrSealed) {
		return fmt.Errorf("xapi: %s: %w", path, err)
	}
	return nil
}

// putAside takes a file out of the way.
func putAside(path string) (aside string, err error) {
	if aside, err = boltfile.SetAside(path); err != nil {
		return "", err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return aside, boltfile.SyncDir(filepath.Dir(path))
}

// BackupIfOld keeps the backup beside the file, from which [OpenOrRestore] restores a
// damaged one: it writes one if there is none that is younger than age, and something was
// stored since. The records of years are not written again for every statement.
func (s *Store) BackupIfOld(ctx context.Context, age time.Duration) error {
	path := s.path + BackupSuffix
	if last, _ := s.commit.newest(); last == 0 {
		return nil
	}
	file, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("xapi: %w", err)
	}
	if b, err := os.Stat(path); err == nil && (time.Since(b.ModTime()).Abs() < age || !file.ModTime().After(b.ModTime())) {
		return nil
	}
	return s.Backup(ctx, path, nil)
}
