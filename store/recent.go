package store

import (
	"bytes"
	"sync"
)

// maxRecent bounds how many records of a kind are remembered opened.
const maxRecent = 1024

// recent remembers records that were opened, each with the bytes it was opened
// of. Whoever reads compares these with what the engine has: so it is never out
// of date, and saves what is dear, unsealing and parsing.
type recent[T any] struct {
	mu     sync.RWMutex
	opened map[string]opened[T]
}

type opened[T any] struct {
	sealed []byte
	rec    *T
}

// recalled is load without the JSON. The record is not to be changed, if it may
// be one that is remembered.
func recalled[T any](recent *recent[T], t Table[T], r Reader, id string, recall bool) (*T, error) {
	key := []byte(id)
	value := r.Get(t.bucket, key)
	if value == nil {
		return nil, t.fail(ErrNotFound)
	}
	if recall {
		recent.mu.RLock()
		o, ok := recent.opened[id]
		recent.mu.RUnlock()
		if ok && bytes.Equal(o.sealed, value) {
			return o.rec, nil
		}
	}
	rec, _, err := t.decode(key, value)
	if err == nil && recall {
		recent.put(id, opened[T]{bytes.Clone(value), rec})
	}
	return rec, err
}

func (c *recent[T]) put(id string, o opened[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened == nil {
		c.opened = make(map[string]opened[T])
	}
	for other := range c.opened { // any: a map's order is a draw
		if len(c.opened) < maxRecent {
			break
		}
		delete(c.opened, other)
	}
	c.opened[id] = o
}
