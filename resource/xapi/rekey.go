package xapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// SealedUnder tells whether the file is under that key.
func (s *Store) SealedUnder(key []byte) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return bytes.Equal(s.vault.key, key)
}

// Rekey seals everything under another key, of 32 bytes. It writes a new file and puts it in
// the old one's place, as [Store.Compact] does: a crash leaves the one or the other, so
// both keys have to be kept until it returns. The backup beside the file stays under the
// key before.
func (s *Store) Rekey(ctx context.Context, key []byte, progress Progress) error {
	s.care.Lock()
	defer s.care.Unlock()
	next, err := newVault(key)
	if err != nil {
		return err
	}
	t, err := s.tally(ctx, progress)
	if err != nil {
		return err
	}
	err = s.commit.alone(ctx, func() error {
		return s.rebuild(rebuilding{next, func(to *boltfile.Filler) error {
			return convert(ctx, to, resealing{s.vault, next}, recordsOf(s.commit.db), t.one)
		}, func(tx *bbolt.Tx) error {
			err := begin(tx, next)
			if s.commit.marked {
				err = errors.Join(err, putMark(tx))
			}
			return err
		}})
	})
	if err != nil {
		return fmt.Errorf("xapi: rekey: %w", err)
	}
	t.end()
	return nil
}

// resealing brings the records of one vault into another.
type resealing struct{ from, to *vault }

func (r resealing) key(bucket string, k []byte) ([]byte, error) {
	if sameOrder(bucket) {
		return k, nil
	}
	k = bytes.Clone(k)
	marks := []string{bucket}
	switch bucket {
	case string(bucketDocuments), string(bucketChanged):
		marks = documentMarks
	case string(bucketUpstreams):
		if len(k) > hashSize && (k[hashSize] == copyPart || k[hashSize] == refusedPart) {
			_, err := r.remark(k[hashSize+1:], documentMarks)
			if err != nil {
				return nil, err
			}
		}
	}
	return r.remark(k, marks)
}

// documentMarks are the marks in the key of a document.
var documentMarks = []string{classPlace, string(bucketDocuments)}

// remark changes the marks that a key begins with in their place.
func (r resealing) remark(key []byte, classes []string) ([]byte, error) {
	if len(key) < len(classes)*hashSize {
		return nil, fmt.Errorf("the key %x is too short: %w", key, boltfile.ErrCorrupt)
	}
	for i, class := range classes {
		mark := key[i*hashSize : (i+1)*hashSize]
		r.from.blocks[class].Decrypt(mark, mark)
		r.to.mark(class, mark)
	}
	return key, nil
}

func (r resealing) value(bucket string, k, key, v []byte) ([]byte, error) {
	if r.from.aeads[bucket] == nil {
		return v, nil
	}
	plain, err := r.from.open([]byte(bucket), k, v)
	if err != nil {
		return nil, err
	}
	return r.to.seal([]byte(bucket), key, plain), nil
}
