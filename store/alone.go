package store

import "context"

// alone calls fn while nobody writes. Those who want to wait meanwhile, or, if it
// yields, end its context.
func (c *committer) alone(ctx context.Context, yields bool, fn func(context.Context) error) error {
	select {
	case <-c.quit:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case <-c.lead:
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := make(chan error, 1)
	go func() { finished <- fn(ctx) }()
	queue := c.queue
	if !yields {
		queue = nil
	}
	var next *turn
	select {
	case err := <-finished:
		c.lead <- struct{}{}
		return err
	case next = <-queue:
	case <-c.quit:
	}
	cancel()
	err := <-finished
	if next == nil {
		c.lead <- struct{}{}
		return err
	}
	c.batch(nil, next)
	return err
}
