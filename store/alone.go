package store

import "context"

// A job runs when no transaction does.
type job struct {
	ctx    context.Context
	fn     func(context.Context) error
	yields bool // to the first who wants to write: its context ends then
	done   chan error
}

// alone calls fn while nobody writes. Those who want to wait meanwhile, or, if
// it yields, end its context.
func (c *committer) alone(ctx context.Context, yields bool, fn func(context.Context) error) error {
	j := &job{ctx, fn, yields, make(chan error, 1)}
	select {
	case <-c.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case c.jobs <- j:
		return <-j.done
	}
}

func (c *committer) run(j *job) {
	ctx, cancel := context.WithCancel(j.ctx)
	defer cancel()
	finished := make(chan error, 1)
	go func() { finished <- j.fn(ctx) }()
	queue := c.queue
	if !j.yields {
		queue = nil
	}
	var next *turn
	select {
	case err := <-finished:
		j.done <- err
		return
	case next = <-queue:
	case <-c.quit:
	}
	cancel()
	j.done <- <-finished
	if next != nil {
		c.batch(next)
	}
}
