package store

import (
	"bytes"
	"iter"
)

// A commit of bbolt writes a page of each tree that something was put into, and the
// pages above it. Events and entries of the index of expiry are small, come with nearly
// every commit, and belong to the ends of two large trees. So the newest of them are in
// one bucket that is a single page, whatever bucket they are of, and go to the trees
// when it is full. Nobody who reads or writes through [boltTx] sees a difference.

const latelyBucket = "lately"

// late are the buckets whose newest entries are in latelyBucket, each with what their
// keys begin with there.
var late = map[string]byte{eventsBucket: 'e', expiryBucket: 'x'}

const (
	pageHeader    = 16 // bytes of a leaf of bbolt
	elementHeader = 16 // bytes of each key in it
)

// lately returns the entries of a bucket's range that have not gone to their tree.
func (t boltTx) lately(bucket string, r Range) (entries []entry) {
	lead, ok := late[bucket]
	if !ok {
		return nil
	}
	for k, v := range t.scanTree(latelyBucket, r.beneath(lead)) {
		entries = append(entries, entry{k[1:], v})
	}
	return entries
}

// beneath is the range of keys that begin with lead, and go on as those of r.
func (r Range) beneath(lead byte) Range {
	r.From = append([]byte{lead}, r.From...)
	if r.To == nil {
		r.To = []byte{lead + 1}
	} else {
		r.To = append([]byte{lead}, r.To...)
	}
	return r
}

// Get implements [Reader].
func (t boltTx) Get(bucket string, key []byte) []byte {
	if lead, ok := late[bucket]; ok {
		if v := t.getTree(latelyBucket, append([]byte{lead}, key...)); v != nil {
			return v
		}
	}
	return t.getTree(bucket, key)
}

// Scan implements [Reader].
func (t boltTx) Scan(bucket string, r Range) iter.Seq2[[]byte, []byte] {
	return merged(t.scanTree(bucket, r), t.lately(bucket, r), r)
}

// A boltWriter is a boltTx that also writes.
type boltWriter struct {
	boltTx
	used    int  // bytes of the page of latelyBucket; 0 until it is looked at
	settled bool // that page has been full, and is empty
}

// Put implements [Tx].
func (w *boltWriter) Put(bucket string, key, value []byte) error {
	lead, ok := late[bucket]
	if !ok || w.settled { // the pages that it settled to are written anyway
		return w.putTree(bucket, key, value)
	}
	if w.used == 0 {
		w.used = w.latelySize()
	}
	size := elementHeader + 1 + len(key) + len(value)
	if w.used+size > w.tx.DB().Info().PageSize {
		if err := w.settle(); err != nil {
			return err
		}
		return w.putTree(bucket, key, value)
	}
	w.used += size // too much if the key is there: then the page is taken for full too early
	return w.putTree(latelyBucket, append([]byte{lead}, key...), value)
}

// Delete implements [Tx].
func (w *boltWriter) Delete(bucket string, key []byte) error {
	if lead, ok := late[bucket]; ok {
		if err := w.deleteTree(latelyBucket, append([]byte{lead}, key...)); err != nil {
			return err
		}
	}
	return w.deleteTree(bucket, key)
}

func (w *boltWriter) latelySize() int {
	used := pageHeader
	for k, v := range w.scanTree(latelyBucket, Range{}) {
		used += elementHeader + len(k) + len(v)
	}
	return used
}

// settle has what is in latelyBucket go to the trees.
func (w *boltWriter) settle() error {
	for bucket, lead := range late {
		for _, e := range w.lately(bucket, Range{}) {
			key := bytes.Clone(e.key)
			if err := w.putTree(bucket, key, bytes.Clone(e.value)); err != nil {
				return err
			}
			if err := w.deleteTree(latelyBucket, append([]byte{lead}, key...)); err != nil {
				return err
			}
		}
	}
	w.settled = true
	return nil
}
