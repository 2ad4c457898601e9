package ui

import (
	"sync"
	"time"
)

// recent remembers the newest few of something for a while.
type recent[T any] struct {
	most int
	life time.Duration

	mu   sync.Mutex
	kept map[string]remembered[T]
}

type remembered[T any] struct {
	value T
	until time.Time
}

func newRecent[T any](most int, life time.Duration) *recent[T] {
	return &recent[T]{most: most, life: life, kept: make(map[string]remembered[T])}
}

// get returns what is remembered under the key.
func (r *recent[T]) get(key string) (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live(key)
}

// getOrPut returns what is remembered under the key, or else remembers value.
func (r *recent[T]) getOrPut(key string, value T) (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, there := r.live(key); there {
		return old, true
	}
	r.put(key, value)
	return value, false
}

// take returns what is remembered under the key, and forgets it.
func (r *recent[T]) take(key string) (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, there := r.live(key)
	delete(r.kept, key)
	return value, there
}

// keep remembers value under the key.
func (r *recent[T]) keep(key string, value T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(key, value)
}

func (r *recent[T]) live(key string) (T, bool) {
	k, there := r.kept[key]
	if !there || !time.Now().Before(k.until) {
		return *new(T), false
	}
	return k.value, true
}

// put makes room by what is over, else by the oldest.
func (r *recent[T]) put(key string, value T) {
	now := time.Now()
	oldest := ""
	for k, v := range r.kept {
		if !now.Before(v.until) {
			delete(r.kept, k)
		} else if oldest == "" || v.until.Before(r.kept[oldest].until) {
			oldest = k
		}
	}
	if len(r.kept) >= r.most {
		delete(r.kept, oldest)
	}
	r.kept[key] = remembered[T]{value, now.Add(r.life)}
}
