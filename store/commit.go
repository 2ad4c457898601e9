package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// maxBatch bounds how many callers share a commit, so that a stream of callers
// who do not wait for it (their functions panic) cannot put it off for ever.
const maxBatch = 1000

// errUnchanged rolls back a batch that has nothing to commit.
var errUnchanged = errors.New("nothing to commit")

// A committer gives callers their turn in a write transaction, one at a time,
// and commits for all who came while the last commit was on its way.
//
// Each function runs in its caller's own goroutine, so a panic keeps its
// stack, and the committer survives whatever callers do.
type committer struct {
	engine  Engine
	riders  riders     // called before each commit
	queue   chan *turn // unbuffered: those who wait are in it, in their order
	jobs    chan *job  // likewise
	quit    chan struct{}
	ended   chan struct{}
	stop    sync.Once
	commits atomic.Uint64
}

// riders adds to a commit that changes these buckets what is to go with it, and
// returns what to call when that is durable.
type riders func(o *overlay, changed map[string]bool) (durable func(), err error)

// A turn is one caller's place in a batch.
type turn struct {
	start chan Reader   // the transaction is the caller's now
	ran   chan *overlay // what the caller wants applied; nil for nothing
	done  chan error    // the batch is committed, or could not be
}

func newCommitter(e Engine, riders riders) *committer {
	c := &committer{
		engine: e,
		riders: riders,
		queue:  make(chan *turn),
		jobs:   make(chan *job),
		quit:   make(chan struct{}),
		ended:  make(chan struct{}),
	}
	go c.loop()
	return c
}

// close lets the batch that runs finish and sends the waiting away. It may be
// called again.
func (c *committer) close() {
	c.stop.Do(func() { close(c.quit) })
	<-c.ended
}

func (c *committer) loop() {
	defer close(c.ended)
	for {
		select {
		case t := <-c.queue:
			c.batch(t)
		case j := <-c.jobs:
			c.run(j)
		case <-c.quit:
			return
		}
	}
}

// batch runs the first caller and all who wait by then, and commits once.
func (c *committer) batch(first *turn) {
	sharers := []*turn{first}
	durable := func() {}
	err := c.engine.Update(func(tx Tx) error {
		changed := make(map[string]bool)
		err := first.take(tx, changed)
		for t := c.next(sharers); err == nil && t != nil; t = c.next(sharers) {
			sharers = append(sharers, t)
			err = t.take(tx, changed)
		}
		if err == nil && len(changed) == 0 {
			return errUnchanged
		}
		if err == nil {
			durable, err = c.takeRiders(tx, changed)
		}
		return err
	})
	switch {
	case err == nil:
		c.commits.Add(1)
		durable()
	case errors.Is(err, errUnchanged):
		err = nil
	default:
		err = fmt.Errorf("store: commit: %w", err)
	}
	for _, t := range sharers {
		t.done <- err
	}
}

// takeRiders applies what goes with a commit that is made anyway.
func (c *committer) takeRiders(tx Tx, changed map[string]bool) (durable func(), err error) {
	o := newOverlay(tx)
	if durable, err = c.riders(o, changed); err != nil {
		return nil, err
	}
	return durable, o.apply(tx, changed)
}

// next returns a caller who waits already, or nil.
func (c *committer) next(sharers []*turn) *turn {
	if len(sharers) == maxBatch {
		return nil
	}
	select {
	case t := <-c.queue:
		return t
	default:
		return nil
	}
}

// take gives the caller its turn and applies what it leaves.
func (t *turn) take(tx Tx, changed map[string]bool) error {
	t.start <- tx
	o := <-t.ran
	if o == nil {
		return nil
	}
	return o.apply(tx, changed)
}

// join waits for a turn.
func (c *committer) join(ctx context.Context) (*turn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &turn{
		start: make(chan Reader, 1),
		ran:   make(chan *overlay),
		done:  make(chan error, 1),
	}
	select {
	case <-c.quit:
		return nil, ErrClosed
	default:
	}
	select {
	case c.queue <- t:
		return t, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.quit:
		return nil, ErrClosed
	}
}
