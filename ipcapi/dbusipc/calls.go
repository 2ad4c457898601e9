package dbusipc

import (
	"context"
	"sync"
	"time"
)

// maxHeld is how many bytes the arguments of all calls that are not answered may have.
const maxHeld = 64 << 20

// calls are the method calls that have arrived and are not answered.
type calls struct {
	mu      sync.Mutex
	waiting int
	count   int // of all that came
	held    int // bytes of arguments
	change  *sync.Cond
}

func newCalls() *calls {
	c := new(calls)
	c.change = sync.NewCond(&c.mu)
	return c
}

// begin counts a call, unless there is no room for its arguments.
func (c *calls) begin(length int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if length > 0 && c.held+length > maxHeld {
		return false
	}
	c.held += length
	c.waiting++
	c.count++
	c.change.Broadcast()
	return true
}

func (c *calls) done(length int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held -= length
	c.waiting--
	c.change.Broadcast()
}

// quiet returns when no call waits and none has come for a while, or when ctx ends.
func (c *calls) quiet(ctx context.Context, pause time.Duration) {
	defer context.AfterFunc(ctx, func() { c.mu.Lock(); defer c.mu.Unlock(); c.change.Broadcast() })()
	for before := -1; before != c.settled(ctx) && ctx.Err() == nil; {
		before = c.settled(ctx)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// settled waits until no call waits, and returns how many have come.
func (c *calls) settled(ctx context.Context) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiting > 0 && ctx.Err() == nil {
		c.change.Wait()
	}
	return c.count
}
