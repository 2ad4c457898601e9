package xapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
)

// Progress is told now and then how far long work is.
type Progress func(done, total int)

// madeBucket leads a backup: when it was made, in Unix seconds, and how many records
// there were about then.
const madeBucket = "made"

var (
	keyMadeAt = []byte("at")
	keyCount  = []byte("count")
)

// maxPart bounds the name of a bucket, a key and a value that are read of a backup, in
// bytes.
const maxPart = 1 << 30

// Count returns how many records there are for long work to go through.
func (s *Store) Count(ctx context.Context) (n int, err error) {
	err = s.view(ctx, func(tx *reader) error {
		return boltfile.Walk(tx.Tx, func() error { n++; return ctx.Err() })
	})
	return n, err
}

// Backup writes all records, and what has become of them at upstreams, to a file of mode
// 0600, sealed under the key of the store, in the place of one that may be there. It reads
// one snapshot while others go on. When ctx ends before, the file is as it was.
func (s *Store) Backup(ctx context.Context, path string, progress Progress) (err error) {
	s.care.Lock()
	defer s.care.Unlock()
	n, err := s.Count(ctx)
	if err != nil {
		return err
	}
	t := &tally{progress: progress, total: n}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+boltfile.NewSuffix+"-*") // 0600
	if err != nil {
		return fmt.Errorf("xapi: backup: %w", err)
	}
	defer os.Remove(f.Name())
	buffered := bufio.NewWriterSize(f, 4*chunkSize)
	err = s.dump(ctx, buffered, t)
	if err = errors.Join(err, buffered.Flush(), f.Sync(), f.Close()); err == nil {
		err = errors.Join(os.Rename(f.Name(), path), boltfile.SyncDir(filepath.Dir(path)))
	}
	if err != nil {
		return fmt.Errorf("xapi: backup to %s: %w", path, err)
	}
	t.end()
	return nil
}

func (s *Store) dump(ctx context.Context, to io.Writer, t *tally) error {
	w, err := newSealer(to, s.vault.key) // which care keeps as it is
	if err != nil {
		return err
	}
	// A version from before schema 2 knows no bucket of that name, and says so.
	err = errors.Join(
		writeParts(w, []byte(madeBucket), keyMadeAt, strconv.AppendInt(nil, time.Now().Unix(), 10)),
		writeParts(w, []byte(madeBucket), keyCount, strconv.AppendInt(nil, int64(t.total), 10)))
	if err != nil {
		return err
	}
	err = s.view(ctx, func(tx *reader) error {
		meta := tx.Bucket(bucketMeta)
		for _, key := range [][]byte{keySchema, keySalt, keySeal} {
			if err := writeParts(w, bucketMeta, key, meta.Get(key)); err != nil {
				return err
			}
		}
		for _, bucket := range buckets {
			err := tx.Bucket(bucket).ForEach(func(k, v []byte) error {
				t.one()
				return errors.Join(ctx.Err(), writeParts(w, bucket, k, v))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// writeParts writes a record: its bucket, key and value, each after its length.
func writeParts(w io.Writer, parts ...[]byte) error {
	for _, part := range parts {
		if _, err := w.Write(binary.AppendUvarint(nil, uint64(len(part)))); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// readPart reads what writeParts has written. It makes room only for what is there.
func readPart(r *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if size > maxPart {
		return nil, errStream
	}
	var part bytes.Buffer
	if _, err := io.CopyN(&part, r, int64(size)); err != nil {
		return nil, fmt.Errorf("%w: %w", errStream, err)
	}
	return part.Bytes(), nil
}

// A tally reports progress for every thousandth part.
type tally struct {
	progress    Progress
	done, total int
}

func (s *Store) tally(ctx context.Context, progress Progress) (t *tally, err error) {
	t = &tally{progress: progress}
	if progress != nil {
		t.total, err = s.Count(ctx)
	}
	return t, err
}

func (t *tally) one() {
	if t.done++; t.progress != nil && t.done%max(t.total/1000, 1) == 0 {
		t.progress(t.done, max(t.total, t.done))
	}
}

func (t *tally) end() {
	if t.progress != nil {
		t.progress(t.done, t.done)
	}
}
