package store

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// reindex moves the index entries of a record from its old form, nil if it is
// new, to the one it is about to have. Nothing is written if a value is taken.
func (t *records) reindex(o *overlay, key []byte, old, rec any) error {
	for _, ix := range t.indexes {
		if holder := t.holder(o, ix, ix.key(rec), key); holder != nil && !bytes.Equal(holder, key) {
			return t.fail(ErrExists)
		}
	}
	if old != nil {
		t.unindex(o, key, old)
	}
	for _, ix := range t.indexes {
		if entries := t.entries(ix, ix.key(rec), key); len(entries) > 0 {
			o.put(ix.bucket, entries[0], key)
		}
	}
	if e := t.expiryKey(key, rec); e != nil {
		o.put(expiryBucket, e, []byte{1})
	}
	return nil
}

// unindex removes the index entries of a record.
func (t *records) unindex(o *overlay, key []byte, old any) {
	for _, ix := range t.indexes {
		for _, entry := range t.entries(ix, ix.key(old), key) {
			o.delete(ix.bucket, entry)
		}
	}
	if e := t.expiryKey(key, old); e != nil {
		o.delete(expiryBucket, e)
	}
}

// holder returns the key of the record that has the value, or nil. In a shared
// index that is no other than the record with this key.
func (t *records) holder(r Reader, ix lead, value, key []byte) []byte {
	for _, entry := range t.entries(ix, value, key) {
		if key := r.Get(ix.bucket, entry); key != nil {
			return key
		}
	}
	return nil
}

// sharers yields the keys of the records that have the value, by a shared index.
func (t *records) sharers(r Reader, ix lead, value []byte) iter.Seq[[]byte] {
	return func(yield func(key []byte) bool) {
		for _, lead := range t.entries(ix, value, nil) {
			for _, key := range r.Scan(ix.bucket, led(lead)) {
				if !yield(key) {
					return
				}
			}
		}
	}
}

// led is the range of all keys that begin with lead.
func led(lead []byte) Range {
	to := bytes.Clone(lead)
	for i := len(to) - 1; i >= 0; i-- {
		if to[i]++; to[i] != 0 {
			return Range{From: lead, To: to[:i+1]}
		}
	}
	return Range{From: lead}
}

// entries returns the keys in the index that may lead to the record of that key
// with the value, the one to write first; none for a nil value. An index of sealed
// records does not tell their values.
func (t *records) entries(ix lead, value, key []byte) [][]byte {
	if value == nil {
		return nil
	}
	entries := [][]byte{value}
	if t.sealed {
		entries = t.store.ring.Load().blind(ix.bucket, value)
	}
	if ix.shared {
		for i := range entries {
			entries[i] = append(entries[i], key...)
		}
	}
	return entries
}

// joined is the parts as one key, each led by its length, so that no two lists
// of parts give the same.
func joined(parts ...string) []byte {
	var key []byte
	for _, p := range parts {
		key = binary.AppendUvarint(key, uint64(len(p)))
		key = append(key, p...)
	}
	return key
}
