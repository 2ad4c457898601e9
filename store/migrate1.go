package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Schema 1 sealed secrets alone, by keys that were derived from the key
// file itself. Since schema 2 the key file wraps a data key, so that it can be
// replaced or be elsewhere, and all records that tell of persons are sealed.

// sealing is the step from schema 1, with the new keys.
func sealing(e Engine, p KeyProvider) (step migration, ring *keyring, wrapped []byte, err error) {
	old, err := openSeal1(e, p)
	if err != nil {
		return nil, nil, nil, err
	}
	ring = newKeyring([]dataKey{newDataKey(1)})
	if wrapped, err = ring.wrap(context.Background(), p); err != nil {
		return nil, nil, nil, err
	}
	step = func(s *Store, tx Tx) error {
		for _, t := range s.byBucket {
			if err := t.sealFrom1(tx, old); err != nil {
				return err
			}
		}
		return errors.Join(sealEvents1(tx, ring), tx.Delete(metaBucket, []byte("seal")))
	}
	return step, ring, wrapped, nil
}

// sealedIn1 are the buckets that schema 1 has sealed.
var sealedIn1 = []string{"keys", "credentials"}

// seal1 opens what schema 1 has sealed.
type seal1 struct{ key []byte }

func openSeal1(e Engine, p KeyProvider) (*seal1, error) {
	file, ok := p.(KeyFile)
	if one, may := p.(interface{ KeyFile() KeyFile }); may { // a provider of several places
		file, ok = one.KeyFile(), true
	}
	if !ok {
		return nil, fmt.Errorf("store: a store of schema 1 is opened once with its key file, and can be given another provider then: %w", ErrSealed)
	}
	keys, err := file.read()
	if err != nil {
		return nil, fmt.Errorf("store: %w", file.lost(err))
	}
	s := &seal1{keys[0]}
	return s, e.View(func(r Reader) error {
		if _, err := s.open(metaBucket, r.Get(metaBucket, []byte("seal"))); err != nil {
			return fmt.Errorf("store: the key file %s is another store's: put the right one back: %w", string(file), err)
		}
		return nil
	})
}

func (s *seal1) open(class string, sealed []byte) ([]byte, error) {
	plain, err := newCipher(derive(s.key, "offlineauth store "+class)).Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// sealFrom1 seals the records and blinds their indexes.
func (t *records) sealFrom1(tx Tx, old *seal1) error {
	if !t.sealed {
		return nil
	}
	o := newOverlay(tx)
	for _, ix := range t.indexes {
		for value := range tx.Scan(ix.bucket, Range{}) {
			o.delete(ix.bucket, bytes.Clone(value))
		}
	}
	for key, value := range tx.Scan(t.bucket, Range{}) {
		if err := t.sealOneFrom1(o, old, bytes.Clone(key), value); err != nil {
			return err
		}
	}
	return o.apply(tx, make(map[string]bool))
}

func (t *records) sealOneFrom1(o *overlay, old *seal1, key, value []byte) (err error) {
	if slices.Contains(sealedIn1, t.bucket) {
		if value, err = old.open(t.bucket, value); err != nil {
			return t.fail(err)
		}
	}
	rec := t.fresh()
	if err := json.Unmarshal(value, rec); err != nil {
		return t.fail(fmt.Errorf("%w: %v", ErrCorrupt, err))
	}
	if err := t.reindex(o, key, nil, rec); err != nil {
		return err
	}
	t.write(o, key, value)
	return nil
}

func sealEvents1(tx Tx, ring *keyring) error {
	o := newOverlay(tx)
	for key, value := range tx.Scan(eventsBucket, Range{}) {
		o.put(eventsBucket, key, ring.seal(eventsBucket, key, value))
	}
	return o.apply(tx, make(map[string]bool))
}
