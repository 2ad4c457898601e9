package xapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// A backupFile is read once, or several times.
type backupFile struct {
	io.ReadSeeker
	key []byte
}

// visit reads all of the backup. What was visited has been authenticated by itself, and as
// a whole when it returns.
func (b backupFile) visit(fn func(bucket string, key, value []byte) error) error {
	if _, err := b.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r, err := newOpener(bufio.NewReaderSize(b, 4*chunkSize), b.key)
	if err != nil {
		return fmt.Errorf("%w: %w", boltfile.ErrCorrupt, err)
	}
	for {
		bucket, key, value, err := readRecordParts(r)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", boltfile.ErrCorrupt, err)
		}
		if err := fn(string(bucket), key, value); err != nil {
			return err
		}
	}
}

// A backupHead is what a backup says of itself.
type backupHead struct {
	madeAt time.Time
	count  int               // of records, about
	meta   map[string][]byte // of the file; of schema 1 none
}

// errHeadRead ends the reading of a head.
var errHeadRead = errors.New("the head was read")

func (b backupFile) head() (h backupHead, err error) {
	h.meta = map[string][]byte{}
	err = b.visit(func(bucket string, key, value []byte) error {
		switch bucket {
		case string(bucketMeta):
			h.meta[string(key)] = value
			return nil
		case madeBucket:
			n, err := strconv.ParseInt(string(value), 10, 64)
			switch {
			case err != nil:
				return boltfile.ErrCorrupt
			case bytes.Equal(key, keyMadeAt):
				h.madeAt = time.Unix(n, 0)
			default:
				h.count = int(n)
			}
			return nil
		}
		return errHeadRead
	})
	if errors.Is(err, errHeadRead) {
		err = nil
	}
	return h, err
}

// vault returns that of the file of which the backup is; nil for one of schema 1.
func (h backupHead) vault(key []byte) (*vault, error) {
	version, err := schemaOf(func(key []byte) []byte { return h.meta[string(key)] })
	if err != nil || version == 0 {
		return nil, err
	}
	return openVault(Keys{key}, h.meta[string(keySalt)], h.meta[string(keySeal)])
}

// isHead tells the head from the records.
func isHead(bucket string) bool { return bucket == madeBucket || bucket == string(bucketMeta) }

// restoreTo makes a file of a backup. All of it has been authenticated when it returns.
func restoreTo(ctx context.Context, path string, from io.ReadSeeker, keys Keys, t *tally) (db *bbolt.DB, madeAt time.Time, err error) {
	b, head, err := openBackup(from, keys)
	if err != nil {
		return nil, madeAt, err
	}
	t.total = head.count
	v, err := head.vault(b.key)
	if err != nil {
		return nil, madeAt, err
	}
	fill, complete := b.copyTo, begin
	if v == nil {
		if v, err = newVault(b.key); err != nil {
			return nil, madeAt, err
		}
		fill, complete = b.convertTo(v), finish
	}
	db, err = boltfile.Build(path, func(to *boltfile.Filler) error { return fill(ctx, to, t) })
	if err != nil {
		return nil, madeAt, err
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return complete(tx, v) }); err != nil {
		return nil, madeAt, discard(db, err)
	}
	return db, head.madeAt, nil
}

// openBackup finds the key of a backup.
func openBackup(from io.ReadSeeker, keys Keys) (b backupFile, head backupHead, err error) {
	err = errKeySize
	for _, key := range keys {
		b = backupFile{from, key}
		if head, err = b.head(); !errors.Is(err, errStream) {
			break
		}
	}
	return b, head, err
}

// copyTo takes records as they are.
func (b backupFile) copyTo(ctx context.Context, to *boltfile.Filler, t *tally) error {
	return b.visit(func(bucket string, key, value []byte) error {
		switch {
		case isHead(bucket):
			return nil
		case !known(bucket) || len(key) == 0:
			return errUnknownRecord(bucket)
		}
		t.one()
		return errors.Join(ctx.Err(), to.Put(bucket, key, value))
	})
}

// convertTo brings records of schema 1 to this form.
func (b backupFile) convertTo(v *vault) func(context.Context, *boltfile.Filler, *tally) error {
	source := func(wanted func(string) bool, fn func(bucket string, k, v []byte) error) error {
		return b.visit(func(bucket string, key, value []byte) error {
			switch {
			case isHead(bucket):
				return nil
			case !known(bucket) || len(key) == 0:
				return errUnknownRecord(bucket)
			case !wanted(bucket):
				return nil
			}
			return fn(bucket, key, value)
		})
	}
	return func(ctx context.Context, to *boltfile.Filler, t *tally) error {
		return convert(ctx, to, from1{v}, source, t.one)
	}
}

func errUnknownRecord(bucket string) error {
	return fmt.Errorf("it holds %q, which a newer version may know", bucket)
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
