package xapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
)

// BackupSuffix is of the backup that is kept beside a file; see [Store.BackupIfOld].
const BackupSuffix = ".backup"

// Restored says what a restoration has done.
type Restored struct {
	MadeAt time.Time // when the backup was made; zero if there was none, and the records begin anew
	Aside  string    // where the file of before is now; "" if there was none
}

// Restore makes a file at path of a backup that was sealed under key. Records of the file
// that was there are kept aside with it, whole or damaged. What an upstream has got since
// the backup is sent there again, under the same ids, so nothing is there twice.
//
// The errors are boltfile.ErrLocked if somebody has the file open; boltfile.ErrCorrupt if
// the backup is torn, altered, or under another key; those of the file system. Then
// nothing has changed.
func Restore(ctx context.Context, path, backup string, key []byte, progress Progress) (done Restored, err error) {
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
	db, err := boltfile.Build(path+boltfile.NewSuffix, func(to *boltfile.Filler) error {
		done.MadeAt, err = fill(ctx, to, from, key, t)
		return err
	})
	if err != nil {
		return Restored{}, fmt.Errorf("xapi: %s: %w", backup, err)
	}
	defer db.Close() // holds the lock until it is in its place
	if err = db.Update(makeBuckets); err == nil {
		done.Aside, err = boltfile.SetAside(path)
	}
	if err = errors.Join(err, boltfile.Replace(path)); err != nil {
		return Restored{}, fmt.Errorf("xapi: restore: %w", err)
	}
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

// fill writes what a backup holds. All of it has been authenticated when it returns.
func fill(ctx context.Context, to *boltfile.Filler, from io.Reader, key []byte, t *tally) (madeAt time.Time, err error) {
	r, err := newOpener(bufio.NewReaderSize(from, 4*chunkSize), key)
	if err != nil {
		return madeAt, fmt.Errorf("%w: %w", boltfile.ErrCorrupt, err)
	}
	for {
		bucket, key, value, err := readRecordParts(r)
		switch {
		case errors.Is(err, io.EOF):
			return madeAt, nil
		case err != nil:
			return madeAt, fmt.Errorf("%w: %w", boltfile.ErrCorrupt, err)
		case string(bucket) == madeBucket:
			n, err := strconv.ParseInt(string(value), 10, 64)
			if err != nil {
				return madeAt, boltfile.ErrCorrupt
			}
			if bytes.Equal(key, keyMadeAt) {
				madeAt = time.Unix(n, 0)
			} else {
				t.total = int(n)
			}
			continue
		case !known(bucket) || len(key) == 0:
			return madeAt, fmt.Errorf("it holds %q, which a newer version may know", bucket)
		}
		t.one()
		if err := errors.Join(ctx.Err(), to.Put(string(bucket), key, value)); err != nil {
			return madeAt, err
		}
	}
}

// readRecordParts returns io.EOF at the end alone.
func readRecordParts(r *bufio.Reader) (bucket, key, value []byte, err error) {
	if _, err := r.Peek(1); err != nil {
		return nil, nil, nil, err
	}
	for _, part := range []*[]byte{&bucket, &key, &value} {
		if *part, err = readPart(r); err != nil {
			return nil, nil, nil, errStream
		}
	}
	return bucket, key, value, nil
}

func known(bucket []byte) bool {
	return slices.ContainsFunc(buckets, func(b []byte) bool { return bytes.Equal(b, bucket) })
}

// OpenOrRestore is Open, but a damaged file is kept aside, and restored from the backup
// beside it if there is one and the key opens it; else the records begin anew. It says
// what it did: to the log, and by what it returns, which is nil if the file was whole.
func OpenOrRestore(ctx context.Context, path string, key []byte, log *slog.Logger) (*Store, *Restored, error) {
	s, damage := Open(path)
	if !errors.Is(damage, boltfile.ErrCorrupt) {
		return s, nil, damage
	}
	done, failed := Restore(ctx, path, path+BackupSuffix, key, nil)
	if failed != nil {
		var err error
		if done.Aside, err = putAside(path); err != nil {
			return nil, nil, errors.Join(damage, err)
		}
		log.Error("the learning records were damaged and begin anew; there is no backup of them that can be restored", "damage", damage, "cause", failed, "aside", done.Aside)
	} else {
		log.Error("the learning records were damaged and are restored from a backup", "damage", damage, "backup", done.MadeAt, "aside", done.Aside)
	}
	s, err := Open(path)
	return s, &done, err
}

// putAside takes a damaged file out of the way.
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
func (s *Store) BackupIfOld(ctx context.Context, key []byte, age time.Duration) error {
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
	return s.Backup(ctx, path, key, nil)
}
