package store

import (
	"bytes"
	"context"
	"fmt"
)

// Schema 2 had no index of grants by account or by client, so a login looked at all
// grants there were.

// migrateFrom2 adds what schema 3 has more, in one transaction.
func migrateFrom2(e Engine, p KeyProvider, wrapped []byte) (*keyring, error) {
	ring, err := unwrapRing(context.Background(), p, wrapped)
	if err != nil {
		return nil, err
	}
	s := &Store{}
	s.ring.Store(ring)
	s.tables()
	err = e.Update(func(tx Tx) error {
		if err := s.Grants.indexAnew(tx); err != nil {
			return fmt.Errorf("store: migrate from schema 2: %w", err)
		}
		return writeSchema(tx, wrapped)
	})
	return ring, err
}

// indexAnew puts the records into the indexes of their table. One that cannot be
// read is left as it is: a check tells of it.
func (t Table[T]) indexAnew(tx Tx) error {
	o := newOverlay(tx)
	for key, value := range tx.Scan(t.bucket, Range{}) {
		key := bytes.Clone(key)
		rec, _, err := t.decode(key, value)
		if err != nil {
			continue
		}
		if err := t.reindex(o, key, rec, rec); err != nil {
			return err
		}
	}
	return o.apply(tx, make(map[string]bool))
}
