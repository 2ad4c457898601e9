package xapi

import (
	"errors"
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// schemaVersion counts the incompatible changes of what is in the buckets. Files from
// before they were counted, and backups of schema 1, have no number. See migrateFrom1.
const schemaVersion = 2

var keySchema = []byte("schema")

// ErrNewerSchema means that the file was written by a newer version of this package.
var ErrNewerSchema = errors.New("written by a newer version: update this program")

// schemaOf reads the version in what the meta bucket holds; it is 0 if there is none.
func schemaOf(meta func(key []byte) []byte) (int, error) {
	text := meta(keySchema)
	if text == nil {
		return 0, nil
	}
	v, err := strconv.Atoi(string(text))
	switch {
	case err != nil || v < 1:
		return 0, fmt.Errorf("schema %q: %w", text, boltfile.ErrCorrupt)
	case v > schemaVersion:
		return 0, fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewerSchema, v, schemaVersion)
	}
	return v, nil
}

// begin makes what every file has.
func begin(tx *bbolt.Tx, v *vault) error {
	if err := makeBuckets(tx); err != nil {
		return err
	}
	b, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	return errors.Join(b.Put(keySchema, strconv.AppendInt(nil, schemaVersion, 10)), v.write(b))
}
