package storetest

import (
	"bytes"
	"iter"
	"sync/atomic"

	"github.com/offlineauth/offlineauth/store"
)

// A wrapped engine watches the engine within, and may hold up or fail its
// commits.
type wrapped struct {
	store.Engine
	beforeCommit func() error // called when a transaction is about to commit
	steps        atomic.Int64 // reads, keys scanned, and writes
	written      bytes.Buffer // all keys and values ever written, by the one writer
}

func (w *wrapped) Update(fn func(store.Tx) error) error {
	return w.Engine.Update(func(tx store.Tx) error {
		if err := fn(&wrappedTx{wrappedReader{tx, w}, tx}); err != nil {
			return err
		}
		if w.beforeCommit != nil {
			return w.beforeCommit()
		}
		return nil
	})
}

func (w *wrapped) View(fn func(store.Reader) error) error {
	return w.Engine.View(func(r store.Reader) error { return fn(wrappedReader{r, w}) })
}

type wrappedReader struct {
	within store.Reader
	w      *wrapped
}

func (r wrappedReader) Get(bucket string, key []byte) []byte {
	r.w.steps.Add(1)
	return r.within.Get(bucket, key)
}

func (r wrappedReader) Scan(bucket string, in store.Range) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range r.within.Scan(bucket, in) {
			r.w.steps.Add(1)
			if !yield(k, v) {
				return
			}
		}
	}
}

type wrappedTx struct {
	wrappedReader
	tx store.Tx
}

func (t *wrappedTx) Put(bucket string, key, value []byte) error {
	t.w.steps.Add(1)
	t.w.written.WriteString(bucket)
	t.w.written.Write(key)
	t.w.written.Write(value)
	return t.tx.Put(bucket, key, value)
}

func (t *wrappedTx) Delete(bucket string, key []byte) error {
	t.w.steps.Add(1)
	return t.tx.Delete(bucket, key)
}
