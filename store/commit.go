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

// errPanicked is what those who follow are told when the engine panics in the goroutine
// of the one who leads, where it goes on.
var errPanicked = errors.New("store: commit: the engine panicked")

// A committer gives callers their turn in a write transaction, one at a time. Who
// comes while nobody writes leads: it begins a transaction, in its own goroutine, and
// waits for nobody. Those who come meanwhile follow the next who leads, and share its
// commit.
//
// Each function runs in its caller's own goroutine, so a panic keeps its stack.
type committer struct {
	engine  Engine
	riders  riders        // called before each commit
	lead    chan struct{} // holds a token while nobody writes: who takes it leads
	queue   chan *turn    // unbuffered: those who wait are in it, in their order
	quit    chan struct{}
	stop    sync.Once
	commits atomic.Uint64
}

// riders adds to a commit that changes these buckets what is to go with it, and
// returns what to call when that is durable.
type riders func(o *overlay, changed map[string]bool) (durable func(), err error)

// A turn is the place of one who follows.
type turn struct {
	start chan Reader   // the transaction is the caller's now
	ran   chan *overlay // what the caller wants applied
	done  chan error    // the batch is committed, or could not be
}

func newCommitter(e Engine, riders riders) *committer {
	c := &committer{
		engine: e,
		riders: riders,
		lead:   make(chan struct{}, 1),
		queue:  make(chan *turn),
		quit:   make(chan struct{}),
	}
	c.lead <- struct{}{}
	return c
}

// close lets the batch that runs finish and sends the waiting away. It may be
// called again.
func (c *committer) close() {
	c.stop.Do(func() {
		close(c.quit)
		<-c.lead // nobody leads any more
	})
}

// join waits until the caller leads, and then t is nil, or follows with t.
func (c *committer) join(ctx context.Context) (t *turn, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-c.quit:
		return nil, ErrClosed
	case <-c.lead:
		return nil, nil
	default:
	}
	t = &turn{
		start: make(chan Reader, 1),
		ran:   make(chan *overlay),
		done:  make(chan error, 1),
	}
	select {
	case <-c.lead:
		return nil, nil
	case c.queue <- t:
		return t, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.quit:
		return nil, ErrClosed
	}
}

// batch commits what own, if it is not nil, wants applied, and then those who follow,
// and all who wait by then. Who calls it leads, and does not any more when it returns
// or panics, as own and the engine may.
func (c *committer) batch(own func(Reader) *overlay, follow ...*turn) (err error) {
	ended := false
	defer func() {
		if !ended {
			err = errPanicked
		}
		for _, t := range follow {
			t.done <- err
		}
		c.lead <- struct{}{}
	}()
	durable := func() {}
	err = c.engine.Update(func(tx Tx) error {
		changed := make(map[string]bool)
		var err error
		if own != nil {
			err = own(tx).apply(tx, changed)
		}
		for i := 0; err == nil; i++ {
			if i == len(follow) {
				next := c.next(i)
				if next == nil {
					break
				}
				follow = append(follow, next)
			}
			err = follow[i].take(tx, changed)
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
	ended = true
	return err
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
func (c *committer) next(taken int) *turn {
	if taken == maxBatch {
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
	return (<-t.ran).apply(tx, changed)
}
