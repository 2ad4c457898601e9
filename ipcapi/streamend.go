package ipcapi

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long a service that is to end waits.
const (
	grace = 5 * time.Second        // for requests under way
	greet = 250 * time.Millisecond // for the first bytes of those who have just connected
)

// ServeStreams answers on l until ctx ends, lets what callers have begun come to
// its end for a few seconds, and returns nil. It closes l.
//
// No request is lost between a service that ends and one that begins. If l has a
// method Drain, that is called in place of Close when ctx ends: it lets nobody
// else connect, and l gives out those who had before it fails. A connection on
// which nothing is asked is shut for its caller's next bytes, so that the caller
// knows they were not taken ([StreamTransport] then sends them elsewhere), and what
// had come before that is answered.
func ServeStreams(ctx context.Context, l net.Listener, h http.Handler, c StreamConfig) error {
	server := NewStreamServer(h, c)
	flows := newFlows()
	server.ConnState = flows.note
	stop := context.AfterFunc(ctx, func() { drain(l) })
	err := server.Serve(l) // has noted all connections that it accepted
	defer server.Close()
	if stop() {
		return err
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	flows.end(ending)
	return nil
}

func drain(l net.Listener) {
	if d, ok := l.(interface{ Drain() error }); ok && d.Drain() == nil {
		return
	}
	l.Close()
}

// flows are the connections of a server, and what is on them.
type flows struct {
	mu     sync.Mutex
	state  map[net.Conn]http.ConnState
	idle   bool // those on which nothing is asked any more are shut
	silent bool // those on which nothing was ever asked are shut, too
	change *sync.Cond
}

func newFlows() *flows {
	f := &flows{state: make(map[net.Conn]http.ConnState)}
	f.change = sync.NewCond(&f.mu)
	return f
}

func (f *flows) note(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(f.state, c)
		f.change.Broadcast()
		return
	}
	f.state[c] = state
	f.hush(c)
}

// hush shuts a connection on which nothing is asked. The server reads what came
// before, answers it, and closes the connection when there is no more.
func (f *flows) hush(c net.Conn) {
	if state := f.state[c]; f.idle && state == http.StateIdle || f.silent && state == http.StateNew {
		if half, ok := c.(interface{ CloseRead() error }); ok {
			half.CloseRead() // fails if the connection is closed already
		}
	}
}

func (f *flows) hushAll(silent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle, f.silent = true, silent
	for c := range f.state {
		f.hush(c)
	}
}

// end waits until all connections are closed, or ctx ends.
func (f *flows) end(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { f.mu.Lock(); defer f.mu.Unlock(); f.change.Broadcast() })()
	f.hushAll(false)
	defer time.AfterFunc(greet, func() { f.hushAll(true) }).Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.state) > 0 && ctx.Err() == nil {
		f.change.Wait()
	}
}
