package storetest

import (
	"bytes"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/offlineauth/offlineauth/store"
)

// Memory is a [store.Engine] that keeps everything in memory and forgets it
// when it is closed. The zero value is empty and ready.
//
// Like bbolt it has one writer, and readers with snapshots that wait for
// nobody.
type Memory struct {
	writing sync.Mutex
	now     atomic.Pointer[buckets]
	closed  atomic.Bool
}

// buckets by name. What was published is never changed.
type buckets map[string]bucket

// bucket is sorted by key.
type bucket []pair

type pair struct{ key, value []byte }

// Update implements [store.Engine].
func (m *Memory) Update(fn func(store.Tx) error) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	if m.closed.Load() {
		return store.ErrClosed
	}
	tx := &memoryTx{buckets: m.snapshot(), cloned: make(buckets)}
	if err := fn(tx); err != nil {
		return err
	}
	next := make(buckets, len(tx.buckets))
	for name, b := range tx.buckets {
		next[name] = b
	}
	for name, b := range tx.cloned {
		next[name] = b
	}
	m.now.Store(&next)
	return nil
}

// View implements [store.Engine].
func (m *Memory) View(fn func(store.Reader) error) error {
	if m.closed.Load() {
		return store.ErrClosed
	}
	return fn(&memoryTx{buckets: m.snapshot()})
}

// Close implements [store.Engine].
func (m *Memory) Close() error {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.closed.Store(true)
	return nil
}

func (m *Memory) snapshot() buckets {
	if b := m.now.Load(); b != nil {
		return *b
	}
	return nil
}

type memoryTx struct {
	buckets buckets
	cloned  buckets // those written to, by the writer alone
}

func (t *memoryTx) bucket(name string) bucket {
	if b, ok := t.cloned[name]; ok {
		return b
	}
	return t.buckets[name]
}

func (t *memoryTx) Get(name string, key []byte) []byte {
	b := t.bucket(name)
	if i, ok := b.search(key); ok {
		return b[i].value
	}
	return nil
}

func (t *memoryTx) Put(name string, key, value []byte) error {
	b := t.own(name)
	p := pair{bytes.Clone(key), bytes.Clone(value)}
	if i, ok := b.search(key); ok {
		b[i] = p
	} else {
		t.cloned[name] = slices.Insert(b, i, p)
	}
	return nil
}

func (t *memoryTx) Delete(name string, key []byte) error {
	b := t.own(name)
	if i, ok := b.search(key); ok {
		t.cloned[name] = slices.Delete(b, i, i+1)
	}
	return nil
}

// own returns the transaction's copy of the bucket.
func (t *memoryTx) own(name string) bucket {
	if _, ok := t.cloned[name]; !ok {
		t.cloned[name] = slices.Clone(t.buckets[name])
	}
	return t.cloned[name]
}

func (t *memoryTx) Scan(name string, r store.Range) iter.Seq2[[]byte, []byte] {
	b := t.bucket(name)
	from, to := 0, len(b)
	if r.From != nil {
		from, _ = b.search(r.From)
	}
	if r.To != nil {
		to, _ = b.search(r.To)
	}
	b = b[from:max(from, to)]
	return func(yield func(k, v []byte) bool) {
		for i := range b {
			if r.Reverse {
				i = len(b) - 1 - i
			}
			if !yield(b[i].key, b[i].value) {
				return
			}
		}
	}
}

func (b bucket) search(key []byte) (int, bool) {
	return slices.BinarySearchFunc(b, key, func(p pair, key []byte) int { return bytes.Compare(p.key, key) })
}
