package xapi

import (
	"errors"
	"fmt"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// schemaVersion counts the incompatible changes of what is in the buckets. Files from
// before they were counted, and those of a backup, have no number.
const schemaVersion = 1

var keySchema = []byte("schema")

// ErrNewerSchema means that the file was written by a newer version of this package.
var ErrNewerSchema = errors.New("written by a newer version: update this program")

// schemaOf returns the version of the file; 0 if it has none.
func schemaOf(tx *bbolt.Tx) (int, error) {
	b := tx.Bucket(bucketMeta)
	if b == nil || b.Get(keySchema) == nil {
		return 0, nil
	}
	v, err := strconv.Atoi(string(b.Get(keySchema)))
	switch {
	case err != nil || v < 1:
		return 0, fmt.Errorf("schema %q: %w", b.Get(keySchema), boltfile.ErrCorrupt)
	case v > schemaVersion:
		return 0, fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewerSchema, v, schemaVersion)
	}
	return v, nil
}

// bringUp brings a file without a version, new or old, to this one.
func bringUp(tx *bbolt.Tx) error {
	if err := errors.Join(makeBuckets(tx), nameDocuments(tx)); err != nil {
		return err
	}
	b, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	return b.Put(keySchema, strconv.AppendInt(nil, schemaVersion, 10))
}
