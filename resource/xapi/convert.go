package xapi

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// A conversion says where each record of another form is in this one, and what is there.
type conversion interface {
	key(bucket string, k []byte) ([]byte, error)
	value(bucket string, k, key, v []byte) ([]byte, error)
}

// A source visits all records of the buckets that are wanted, the same ones each time.
type source func(wanted func(bucket string) bool, visit func(bucket string, k, v []byte) error) error

// recordsOf is the source of what is in a file.
func recordsOf(db *bbolt.DB) source {
	return func(wanted func(bucket string) bool, visit func(bucket string, k, v []byte) error) error {
		return boltfile.Guard(func() error {
			return db.View(func(tx *bbolt.Tx) error {
				return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
					bucket := string(name)
					if !wanted(bucket) {
						return nil
					}
					return b.ForEach(func(k, v []byte) error { return visit(bucket, k, v) })
				})
			})
		})
	}
}

// convertMemory bounds what a pass of a conversion keeps in memory, in bytes; but one part
// is in memory at once.
const convertMemory = 64 << 20

// convert writes all records of another form. The keys of most are in another order there,
// and a tree is only written at a good pace in the order of its keys: so records are
// gathered and sorted, as many at a time as fit into memory, in a pass over the source for
// each such share.
func convert(ctx context.Context, to *boltfile.Filler, c conversion, from source, each func()) error {
	s := &sorting{ctx: ctx, to: to, conversion: c, each: each, sizes: make([]int, len(buckets)*256)}
	err := from(known, func(bucket string, k, v []byte) error {
		if sameOrder(bucket) {
			return errors.Join(ctx.Err(), s.write(bucket, k, k, v))
		}
		return s.count(bucket, k, v)
	})
	for err == nil && s.next() {
		err = from(s.wanted, s.gather)
		if err == nil {
			err = s.flush()
		}
	}
	return err
}

// sameOrder tells whether the records of a bucket have the same keys in all forms: their
// moments.
func sameOrder(bucket string) bool {
	return bucket == string(bucketStatements) || bucket == string(bucketVoided) || bucket == string(bucketChanges)
}

// numberOf is the place of a bucket among all that have records, or -1.
func numberOf(bucket string) int {
	return slices.IndexFunc(buckets, func(b []byte) bool { return string(b) == bucket })
}

func known(bucket string) bool { return numberOf(bucket) >= 0 }

// A sorting brings records into another order. It has them in parts: what a bucket has
// below one first byte of the new keys.
type sorting struct {
	ctx context.Context
	to  *boltfile.Filler
	conversion
	each func()

	sizes       []int // of the parts
	first, last int   // the share of this pass: the parts from first on, before last

	bytes   []byte  // of the entries
	entries []entry // what was gathered

	term, mark, found []byte // see keyOf
}

// An entry is a record: the bytes of its bucket's number and its new key, of its old key if
// that is needed for its value, and of its value.
type entry struct {
	at              int
	key, old, value uint32
}

// entryCost is what an entry takes in memory beside its bytes, and a byte for its bucket.
const entryCost = 24 + 1

// keyOf is the new key of a record, until it is called again. Neighbours in the index have
// a term in common, whose mark is made once.
func (s *sorting) keyOf(bucket string, k []byte) ([]byte, error) {
	term := len(k) - 8
	if bucket != string(bucketIndex) || term < 0 {
		return s.key(bucket, k)
	}
	if !bytes.Equal(k[:term], s.term) {
		key, err := s.key(bucket, k)
		if err != nil {
			return nil, err
		}
		s.term, s.mark = append(s.term[:0], k[:term]...), append(s.mark[:0], key[:len(key)-8]...)
	}
	s.found = append(append(s.found[:0], s.mark...), k[term:]...)
	return s.found, nil
}

func partOf(bucket string, key []byte) int { return numberOf(bucket)<<8 | int(key[0]) }

// count adds a record to the size of its part.
func (s *sorting) count(bucket string, k, v []byte) error {
	key, err := s.keyOf(bucket, k)
	if err != nil {
		return err
	}
	s.sizes[partOf(bucket, key)] += entryCost + len(key) + len(k) + len(v)
	return s.ctx.Err()
}

// next chooses what the next pass gathers, and reports whether there is more.
func (s *sorting) next() bool {
	s.first = s.last
	for size := 0; s.last < len(s.sizes); s.last++ {
		if size > 0 && size+s.sizes[s.last] > convertMemory {
			return true
		}
		if size += s.sizes[s.last]; size == 0 {
			s.first = s.last + 1
		}
	}
	return s.first < s.last
}

func (s *sorting) wanted(bucket string) bool {
	n := numberOf(bucket)
	return n<<8 < s.last && s.first < (n+1)<<8
}

// gather keeps a record that is in the share.
func (s *sorting) gather(bucket string, k, v []byte) error {
	key, err := s.keyOf(bucket, k)
	if err != nil {
		return err
	}
	part := partOf(bucket, key)
	if part < s.first || part >= s.last {
		return s.ctx.Err()
	}
	if !slices.ContainsFunc(sealedBuckets, func(b []byte) bool { return string(b) == bucket }) {
		k = nil
	}
	s.entries = append(s.entries, entry{len(s.bytes), uint32(1 + len(key)), uint32(len(k)), uint32(len(v))})
	s.bytes = append(append(append(append(s.bytes, byte(part>>8)), key...), k...), v...)
	return s.ctx.Err()
}

// parts are the bytes of an entry: its bucket's number and new key, its old key, its value.
func (s *sorting) parts(e entry) (key, old, value []byte) {
	b := s.bytes[e.at:]
	return b[:e.key], b[e.key : e.key+e.old], b[e.key+e.old:][:e.value]
}

// flush writes what was gathered.
func (s *sorting) flush() error {
	slices.SortFunc(s.entries, func(a, b entry) int {
		return bytes.Compare(s.bytes[a.at:a.at+int(a.key)], s.bytes[b.at:b.at+int(b.key)])
	})
	for _, e := range s.entries {
		key, old, value := s.parts(e)
		if err := errors.Join(s.ctx.Err(), s.write(string(buckets[key[0]]), old, key[1:], value)); err != nil {
			return err
		}
	}
	s.entries, s.bytes = s.entries[:0], s.bytes[:0]
	return nil
}

func (s *sorting) write(bucket string, old, key, value []byte) error {
	s.each()
	value, err := s.value(bucket, old, key, value)
	if err != nil {
		return err
	}
	return s.to.Put(bucket, key, value)
}

// finish adds to a file of schema 1 or older what it is to have beside its records.
func finish(tx *bbolt.Tx, v *vault) error {
	if err := begin(tx, v); err != nil {
		return err
	}
	return nameDocuments(newReader(tx, v))
}

// discard removes a file that is not to take another's place.
func discard(db *bbolt.DB, cause error) error {
	path := db.Path()
	return errors.Join(cause, db.Close(), os.Remove(path))
}
