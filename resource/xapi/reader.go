package xapi

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// A reader is a transaction, in which records can be opened.
type reader struct {
	*bbolt.Tx
	*vault
	opened map[string]*bbolt.Bucket // that were looked into: bbolt finds each anew
}

func newReader(tx *bbolt.Tx, v *vault) *reader {
	return &reader{tx, v, make(map[string]*bbolt.Bucket, len(buckets))}
}

// Bucket returns a bucket of the file.
func (r *reader) Bucket(name []byte) *bbolt.Bucket {
	b := r.opened[string(name)]
	if b == nil {
		b = r.Tx.Bucket(name)
		r.opened[string(name)] = b
	}
	return b
}

// get returns what is sealed in a bucket, or nil. It is the caller's.
func (r *reader) get(bucket, key []byte) ([]byte, error) {
	value := r.Bucket(bucket).Get(key)
	if value == nil {
		return nil, nil
	}
	return r.open(bucket, key, value)
}

// visit opens all records whose keys begin with prefix, until fn fails.
func (r *reader) visit(bucket, prefix []byte, fn func(key, plain []byte) error) error {
	c := r.Bucket(bucket).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		plain, err := r.open(bucket, k, v)
		if err != nil {
			return err
		}
		if err := fn(k, plain); err != nil {
			return err
		}
	}
	return nil
}
