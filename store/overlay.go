package store

import (
	"bytes"
	"iter"
	"slices"
)

// An overlay collects the writes of one transaction above what it reads from.
// Dropping it is a rollback that costs nothing.
type overlay struct {
	base   Reader
	writes map[string]map[string][]byte // bucket, key, value; a nil value is a deletion
}

func newOverlay(base Reader) *overlay {
	return &overlay{base: base, writes: make(map[string]map[string][]byte)}
}

// Get implements [Reader].
func (o *overlay) Get(bucket string, key []byte) []byte {
	if v, ok := o.writes[bucket][string(key)]; ok {
		return v
	}
	return o.base.Get(bucket, key)
}

func (o *overlay) put(bucket string, key, value []byte) {
	if o.writes[bucket] == nil {
		o.writes[bucket] = make(map[string][]byte)
	}
	o.writes[bucket][string(key)] = value
}

func (o *overlay) delete(bucket string, key []byte) { o.put(bucket, key, nil) }

// Scan implements [Reader] by merging the writes into the range below.
func (o *overlay) Scan(bucket string, r Range) iter.Seq2[[]byte, []byte] {
	return merged(o.base.Scan(bucket, r), o.written(bucket, r), r)
}

// written returns the writes of the range in its order.
func (o *overlay) written(bucket string, r Range) []entry {
	var written []entry
	for k, v := range o.writes[bucket] {
		if r.contains(k) {
			written = append(written, entry{[]byte(k), v})
		}
	}
	slices.SortFunc(written, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	if r.Reverse {
		slices.Reverse(written)
	}
	return written
}

// An entry is a key with its value, or with nil for one that was deleted.
type entry struct{ key, value []byte }

// merged yields what is below, with newer entries in the place of those with their
// keys. Both are in the order of the range.
func merged(below iter.Seq2[[]byte, []byte], newer []entry, r Range) iter.Seq2[[]byte, []byte] {
	if len(newer) == 0 {
		return below
	}
	return func(yield func(k, v []byte) bool) {
		rest := newer
		emit := func() bool {
			e := rest[0]
			rest = rest[1:]
			return e.value == nil || yield(e.key, e.value)
		}
		for k, v := range below {
			for len(rest) > 0 && r.before(rest[0].key, k) {
				if !emit() {
					return
				}
			}
			if len(rest) > 0 && bytes.Equal(rest[0].key, k) {
				if !emit() {
					return
				}
			} else if !yield(k, v) {
				return
			}
		}
		for len(rest) > 0 && emit() {
		}
	}
}

// apply writes to tx what differs from it, and adds the buckets where anything
// did to changed.
func (o *overlay) apply(tx Tx, changed map[string]bool) error {
	for bucket, writes := range o.writes {
		for k, v := range writes {
			key := []byte(k)
			old := tx.Get(bucket, key)
			var err error
			switch {
			case v == nil && old == nil, v != nil && old != nil && bytes.Equal(v, old):
				continue
			case v == nil:
				err = tx.Delete(bucket, key)
			default:
				err = tx.Put(bucket, key, v)
			}
			if err != nil {
				return err
			}
			changed[bucket] = true
		}
	}
	return nil
}

func (r Range) contains(k string) bool {
	return (r.From == nil || k >= string(r.From)) && (r.To == nil || k < string(r.To))
}

// before tells whether a comes before b in the order of the range.
func (r Range) before(a, b []byte) bool {
	if r.Reverse {
		return bytes.Compare(a, b) > 0
	}
	return bytes.Compare(a, b) < 0
}
