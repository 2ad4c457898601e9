package store

import (
	"context"
	"fmt"
)

// A migration brings the data of one schema to the next, in a transaction.
type migration func(s *Store, tx Tx) error

// migrate brings the engine's data from an older schema to this one, in one
// transaction: a crash leaves the one or the other.
func migrate(e Engine, p KeyProvider, from int, wrapped []byte) (*keyring, error) {
	var steps []migration
	var ring *keyring
	var err error
	if from == 1 {
		var seal migration
		if seal, ring, wrapped, err = sealing(e, p); err != nil {
			return nil, err
		}
		steps = append(steps, seal)
	} else if ring, err = unwrapRing(context.Background(), p, wrapped); err != nil {
		return nil, err
	}
	if from <= 2 {
		steps = append(steps, (*Store).indexGrants)
	}
	steps = append(steps, (*Store).mergeLogins)
	s := &Store{}
	s.ring.Store(ring)
	s.tables()
	return ring, e.Update(func(tx Tx) error {
		for _, step := range steps {
			if err := step(s, tx); err != nil {
				return fmt.Errorf("store: migrate from schema %d: %w", from, err)
			}
		}
		return writeSchema(tx, wrapped)
	})
}
