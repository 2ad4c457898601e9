package xapi

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// Schema 1, and files from before schemas were counted, had everything open: values as
// they are, UUIDs and unkeyed hashes in keys, and names where marks are now. A mark is made
// of such a hash, so a record has one place in this form, whatever else there is.

// from1 brings records of schema 1 to this form.
type from1 struct{ *vault }

// key is where a record is now. It may be made of k.
func (f from1) key(bucket string, k []byte) ([]byte, error) {
	broken := fmt.Errorf("%s %x: %w", bucket, k, boltfile.ErrCorrupt)
	switch bucket {
	case string(bucketStatements), string(bucketVoided), string(bucketChanges):
		return k, nil
	case string(bucketAttachments):
		return f.name(bucketAttachments, string(k)), nil
	case string(bucketDocuments), string(bucketChanged):
		n, err := readDocumentKey1(k)
		return f.document1(n), err
	case string(bucketUpstreams):
		name, rest, _ := bytes.Cut(k, []byte{0})
		if len(rest) == 0 {
			return nil, broken
		}
		key := append(f.name(bucketUpstreams, string(name)), rest[0])
		if rest[0] != copyPart && rest[0] != refusedPart {
			return append(key, rest[1:]...), nil
		}
		n, err := readDocumentKey1(rest[1:])
		return append(key, f.document1(n)...), err
	case string(bucketIndex):
		if len(k) != 1+hashSize+8 {
			return nil, broken
		}
		return append(f.mark(bucket, ofKind(k[0], bytes.Clone(k[1:1+hashSize]))), k[1+hashSize:]...), nil
	}
	if len(k) < hashSize {
		return nil, broken
	}
	return append(f.mark(bucket, bytes.Clone(k[:hashSize])), k[hashSize:]...), nil // of a UUID, or a hash
}

// value is what is at that key now.
func (f from1) value(bucket string, k, key, v []byte) ([]byte, error) {
	if f.aeads[bucket] == nil {
		return v, nil
	}
	if bucket == string(bucketDocuments) {
		n, err := readDocumentKey1(k)
		if err != nil || len(v) < 8 {
			return nil, fmt.Errorf("%s %x: %w", bucket, k, boltfile.ErrCorrupt)
		}
		name := binary.AppendUvarint(bytes.Clone(n.registration), uint64(len(n.id)))
		v = slices.Concat(v[:8], name, []byte(n.id), v[8:])
	}
	return f.seal([]byte(bucket), key, v), nil
}

// A documentKey1 is the key of a document in schema 1.
type documentKey1 struct {
	resource            Resource
	place, registration []byte
	id                  string
}

func readDocumentKey1(k []byte) (n documentKey1, err error) {
	broken := fmt.Errorf("document %x: %w", k, boltfile.ErrCorrupt)
	const place = 1 + hashSize
	if len(k) < place {
		return n, broken
	}
	n = documentKey1{Resource(k[0]), k[1:place], registrationKey(""), string(k[place:])}
	switch n.resource {
	case ActivityProfile, AgentProfile:
		return n, nil
	case State:
		if len(n.id) >= hashSize {
			n.registration, n.id = k[place:place+hashSize], n.id[hashSize:]
			return n, nil
		}
	}
	return documentKey1{}, broken
}

// document1 returns nil for what could not be read.
func (f from1) document1(n documentKey1) []byte {
	if n.place == nil {
		return nil
	}
	return f.documentKey(n.resource, bytes.Clone(n.place), n.registration, n.id)
}

// migrateFrom1 writes a file of this form beside one of schema 1, and puts it in its
// place: a crash leaves the one or the other, and no page of the old one is in the new.
// Nothing has changed if ctx ends before.
func migrateFrom1(ctx context.Context, old *bbolt.DB, key []byte) (*bbolt.DB, *vault, error) {
	v, err := newVault(key)
	if err != nil {
		return nil, nil, err
	}
	next, err := boltfile.Build(old.Path()+boltfile.NewSuffix, func(to *boltfile.Filler) error {
		return convert(ctx, to, from1{v}, recordsOf(old), func() {})
	})
	if err != nil {
		return nil, nil, err
	}
	if err := next.Update(func(tx *bbolt.Tx) error { return finish(tx, v) }); err != nil {
		return nil, nil, discard(next, err)
	}
	return next, v, nil
}
