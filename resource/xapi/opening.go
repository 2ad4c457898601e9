package xapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// lockTimeout is how long Open waits for another process that has the file.
const lockTimeout = 5 * time.Second

// Open opens the file, under whichever of the keys it is sealed, or makes it, readable by
// its owner alone. One of an older form is brought to this one; if ctx ends before, it is as
// it was.
//
// The error is [ErrSealed] if the file is sealed under another key, and boltfile.ErrCorrupt
// if it is damaged: see [OpenOrRestore]. Then nothing has changed.
func Open(ctx context.Context, path string, keys Keys) (*Store, error) {
	o, err := open(ctx, path, keys)
	if err != nil {
		return nil, fmt.Errorf("xapi: %w", err)
	}
	o.db.AllocSize = growBy
	return &Store{path: path, db: o.db, vault: o.vault, migrated: o.migrated, commit: newCommitter(o.db, o.vault, o.last)}, nil
}

// An opened file is of the form of this version.
type opened struct {
	db       *bbolt.DB
	vault    *vault
	migrated bool   // it was of an older form
	last     uint64 // the newest seq
}

func open(ctx context.Context, path string, keys Keys) (o opened, err error) {
	if len(keys) == 0 {
		return o, errKeySize
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return o, err
	}
	if err := boltfile.CheckEmpty(path, BackupSuffix); err != nil {
		return o, err
	}
	o.db, err = boltfile.Open(path, lockTimeout)
	if err != nil {
		return o, err
	}
	err = errors.Join(boltfile.Settle(path, false), boltfile.Inspect(o.db, openMark))
	if err == nil {
		err = boltfile.Guard(func() error { return o.prepare(ctx, keys) })
	}
	if err != nil {
		return o, errors.Join(fmt.Errorf("%s: %w", path, err), o.db.Close())
	}
	return o, nil
}

// formOf returns the version of a file, and its vault, if files of that version have one.
func formOf(tx *bbolt.Tx, keys Keys) (version int, v *vault, err error) {
	get := func([]byte) []byte { return nil }
	if b := tx.Bucket(bucketMeta); b != nil {
		get = b.Get
	}
	if version, err = schemaOf(get); version == schemaVersion {
		v, err = openVault(keys, get(keySalt), get(keySeal))
	}
	return version, v, err
}

// prepare makes what a new file begins with, or puts what an older one has become in its
// place.
func (o *opened) prepare(ctx context.Context, keys Keys) error {
	version, fresh := 0, false
	err := o.db.View(func(tx *bbolt.Tx) (err error) {
		version, o.vault, err = formOf(tx, keys)
		k, _ := tx.Cursor().First()
		fresh = k == nil
		return err
	})
	switch {
	case err != nil:
		return err
	case fresh:
		err = o.begin(keys[0])
	case version < schemaVersion:
		err = o.migrate(ctx, keys[0])
	}
	if err != nil {
		return err
	}
	return o.db.View(func(tx *bbolt.Tx) error {
		o.last = newestSeq(tx)
		return nil
	})
}

func (o *opened) begin(key []byte) (err error) {
	if o.vault, err = newVault(key); err != nil {
		return err
	}
	err = o.db.Update(func(tx *bbolt.Tx) error { return begin(tx, o.vault) })
	return errors.Join(err, boltfile.SyncDir(filepath.Dir(o.db.Path())))
}

// migrate closes the older file when the new one is in its place.
func (o *opened) migrate(ctx context.Context, key []byte) error {
	path := o.db.Path()
	db, v, err := migrateFrom1(ctx, o.db, key)
	if err != nil {
		return fmt.Errorf("migrate from schema 1: %w", err)
	}
	// It is locked before it has the name that others open.
	if err := boltfile.Replace(path); err != nil {
		return errors.Join(err, db.Close())
	}
	old := o.db
	o.db, o.vault, o.migrated = db, v, true
	return old.Close()
}
