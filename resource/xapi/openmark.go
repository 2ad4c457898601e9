package xapi

import (
	"cmp"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// bucketMeta has the version of the schema, what the vault needs, and the open mark: the
// boot in which the file was written to and not closed yet. It is not in [buckets]: those
// have records.
var (
	bucketMeta  = []byte("meta")
	keyOpenMark = []byte("open")
)

func openMark(tx *bbolt.Tx) []byte {
	b := tx.Bucket(bucketMeta)
	if b == nil {
		return nil
	}
	return b.Get(keyOpenMark)
}

// putMark is part of the first commit after the file was opened.
func putMark(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	return b.Put(keyOpenMark, []byte(cmp.Or(boltfile.BootID(), "unknown")))
}

func removeMark(tx *bbolt.Tx) error {
	b := tx.Bucket(bucketMeta)
	if b == nil {
		return nil
	}
	return b.Delete(keyOpenMark)
}
