package main

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// An idleWatch ends the server when nobody has asked for a while. A limit of zero
// never does.
//
// A request that arrives while the server ends is still answered, and one that
// comes after waits at a socket the system holds for the next process, or finds
// nobody.
type idleWatch struct {
	limit time.Duration

	mu      sync.Mutex
	running int       // requests being served
	quiet   time.Time // since when none is
	timer   *time.Timer
}

func newIdleWatch(limit time.Duration) *idleWatch { return &idleWatch{limit: limit} }

// watch returns a context that ends when the server is idle, and begins to count.
func (w *idleWatch) watch(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if w.limit > 0 {
		w.mu.Lock()
		w.quiet = time.Now()
		w.timer = time.AfterFunc(w.limit, func() { w.expire(cancel) })
		w.mu.Unlock()
	}
	return ctx, cancel
}

// expire ends the server, unless a request came in just when the timer fired.
func (w *idleWatch) expire(cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running == 0 && time.Since(w.quiet) >= w.limit {
		cancel()
	}
}

// count keeps the server from being idle while h serves.
func (w *idleWatch) count(h http.Handler) http.Handler {
	if w.limit <= 0 {
		return h
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.begin()
		defer w.end()
		h.ServeHTTP(rw, r)
	})
}

// hold keeps the server from being idle until release is called, once.
func (w *idleWatch) hold() (release func()) {
	if w.limit <= 0 {
		return func() {}
	}
	w.begin()
	return w.end
}

func (w *idleWatch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running++
	w.timer.Stop()
}

func (w *idleWatch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running--; w.running == 0 {
		w.quiet = time.Now()
		w.timer.Reset(w.limit)
	}
}
