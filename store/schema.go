package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// schemaVersion counts the incompatible changes of what is in the buckets.
const schemaVersion = 4

const (
	metaBucket = "meta"
	schemaMark = "schema"
)

// fresh tells whether nothing was ever stored in the engine.
func fresh(e Engine) (fresh bool, err error) {
	err = e.View(func(r Reader) error {
		fresh = r.Get(metaBucket, []byte(schemaMark)) == nil
		return nil
	})
	return fresh, err
}

// prepare returns the keys of the engine's data, which it brings to this
// schema if it is of an older one, or begins if the engine is empty.
func prepare(e Engine, p KeyProvider) (*keyring, error) {
	empty, err := fresh(e)
	if err != nil {
		return nil, err
	}
	if empty {
		return initialize(e, p)
	}
	var version int
	var wrapped []byte
	err = e.View(func(r Reader) (err error) {
		if version, err = readSchema(r); err == nil && r.Get(metaBucket, []byte(backupMark)) != nil {
			return fmt.Errorf("store: %w", ErrBackup)
		}
		wrapped = append(wrapped, r.Get(metaBucket, []byte(keysMark))...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if version < schemaVersion {
		return migrate(e, p, version, wrapped)
	}
	return unwrapRing(context.Background(), p, wrapped)
}

func readSchema(r Reader) (int, error) {
	mark := r.Get(metaBucket, []byte(schemaMark))
	v, err := strconv.Atoi(string(mark))
	switch {
	case err != nil || v < 1:
		return 0, fmt.Errorf("store: schema %q: %w", mark, ErrCorrupt)
	case v > schemaVersion:
		return 0, fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewerSchema, v, schemaVersion)
	}
	return v, nil
}

func initialize(e Engine, p KeyProvider) (*keyring, error) {
	ring := newKeyring([]dataKey{newDataKey(1)})
	wrapped, err := ring.wrap(context.Background(), p)
	if err != nil {
		return nil, err
	}
	return ring, e.Update(func(tx Tx) error { return writeSchema(tx, wrapped) })
}

func writeSchema(tx Tx, wrapped []byte) error {
	return errors.Join(
		tx.Put(metaBucket, []byte(schemaMark), strconv.AppendInt(nil, schemaVersion, 10)),
		tx.Put(metaBucket, []byte(keysMark), wrapped),
	)
}
