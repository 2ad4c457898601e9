package store

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"time"
)

// maxRecent bounds how many records of a kind are remembered opened.
const maxRecent = 1024

// recent remembers records that were opened or written, each with the bytes it is kept
// as. Whoever reads compares these with what the engine has: so it is never out of
// date, and saves what is dear, unsealing and parsing.
type recent struct {
	mu     sync.RWMutex
	opened map[string]opened // by key
}

type opened struct {
	sealed []byte
	rec    any
	plain  [sha256.Size]byte // hash of its JSON
}

// shared returns the record, and the hash of its JSON. It is not to be changed: others
// may have it.
func (t *records) shared(r Reader, key []byte) (any, [sha256.Size]byte, error) {
	value := r.Get(t.bucket, key)
	if value == nil {
		return nil, [sha256.Size]byte{}, t.fail(ErrNotFound)
	}
	if o, ok := t.recent.get(key, value); ok {
		return o.rec, o.plain, nil
	}
	rec, plain, err := t.decode(key, value)
	if err != nil {
		return nil, [sha256.Size]byte{}, err
	}
	o := opened{bytes.Clone(value), rec, sha256.Sum256(plain)}
	if t.clone != nil {
		t.recent.put(key, o)
	}
	return o.rec, o.plain, nil
}

// load returns the record, which is the caller's.
func (t *records) load(r Reader, key []byte) (any, error) {
	rec, _, err := t.shared(r, key)
	if err != nil || t.clone == nil {
		return rec, err
	}
	return t.clone(rec), nil
}

// readBack makes times as JSON gives them back: without what a clock that only goes
// forward said, and in UTC if that is the same.
func readBack(times ...*time.Time) {
	for _, t := range times {
		*t = t.Round(0)
		if _, offset := t.Zone(); offset == 0 {
			*t = t.UTC()
		}
	}
}

func (c *recent) get(key, value []byte) (o opened, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	o, ok = c.opened[string(key)]
	return o, ok && bytes.Equal(o.sealed, value)
}

func (c *recent) put(key []byte, o opened) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened == nil {
		c.opened = make(map[string]opened)
	}
	for other := range c.opened { // any: a map's order is a draw
		if len(c.opened) < maxRecent {
			break
		}
		delete(c.opened, other)
	}
	c.opened[string(key)] = o
}
