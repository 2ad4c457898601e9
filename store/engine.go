package store

import "iter"

// An Engine is a transactional, ordered key-value store: [Store] keeps its
// records in one. The package storetest holds the contract as tests.
//
// An engine has one writer at a time and any number of readers, which see what
// was last committed and do not wait for the writer.
type Engine interface {
	// Update calls fn once, with the only write transaction. If fn returns nil
	// the writes are made durable before Update returns nil; if it returns an
	// error, or the commit fails, none of them is ever seen and Update returns
	// the error.
	Update(fn func(Tx) error) error
	// View calls fn with a snapshot, and returns its error.
	View(fn func(Reader) error) error
	// Close releases what the engine holds. After it Update and View return
	// ErrClosed.
	Close() error
}

// Reader reads in a transaction. What it returns belongs to the engine: it is
// valid until the transaction ends and must not be changed. An engine whose
// reads can fail makes Update or View return that failure.
type Reader interface {
	// Get returns the value of the key, or nil if there is none. A bucket that
	// was never written to is empty.
	Get(bucket string, key []byte) []byte
	// Scan yields the keys of the range with their values, in the order of
	// their bytes. The caller does not write while it ranges.
	Scan(bucket string, r Range) iter.Seq2[[]byte, []byte]
}

// Tx reads and writes in a transaction. Keys and values are never empty, and
// the engine does not keep the slices it is given beyond the transaction.
type Tx interface {
	Reader
	Put(bucket string, key, value []byte) error
	Delete(bucket string, key []byte) error
}

// Range is the keys k of a bucket for which From <= k < To. A nil bound is no
// bound; Reverse starts at the far end.
type Range struct {
	From, To []byte
	Reverse  bool
}
