package xapi

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// maxShared bounds how many changes share a commit.
const maxShared = 200

// A writer is what a change writes with.
type writer struct {
	tx      *reader
	now     time.Time
	seq     *uint64 // the newest there is
	changed bool    // there is something to commit

	unsorted [][]byte // keys of the index that are not in it yet
}

func newWriter(tx *reader, seq *uint64) *writer {
	// Keys with a seq grow at the end, of the bucket or of what they share: pages
	// that are split there are seldom written to again, and may be full.
	tx.Bucket(bucketStatements).FillPercent = 0.95
	tx.Bucket(bucketIndex).FillPercent = 0.8
	return &writer{tx: tx, now: time.Now(), seq: seq}
}

// errUnchanged rolls back a batch that wrote nothing.
var errUnchanged = errors.New("nothing to commit")

// next gives out the seq of a statement: the time, unless that is taken.
func (w *writer) next() uint64 {
	*w.seq = max(*w.seq+1, uint64(max(w.now.UnixMicro(), 1)))
	return *w.seq
}

// A change is somebody's work in a commit. Its function may run more than once,
// and leaves nothing behind if it fails.
type change struct {
	apply func(w *writer) error
	done  chan error
}

// A committer runs changes one after the other and commits for all who wait
// together. A lone one waits for nobody.
type committer struct {
	db     *bbolt.DB // the loop's
	vault  *vault    // of db
	marked bool      // that the file is open is written in it; the loop's, as db
	jobs   chan *job
	queue  chan *change
	quit   chan struct{}
	ended  chan struct{}
	stop   sync.Once

	mu      sync.Mutex
	waiting int           // changes that are not committed yet
	last    uint64        // the newest seq that is committed
	moved   chan struct{} // closed when last grows; nil if nobody waits for that
}

func newCommitter(db *bbolt.DB, v *vault, last uint64) *committer {
	c := &committer{
		db:    db,
		vault: v,
		jobs:  make(chan *job),
		queue: make(chan *change, maxShared),
		quit:  make(chan struct{}),
		ended: make(chan struct{}),
		last:  last,
	}
	go c.loop()
	return c
}

func (c *committer) close() {
	c.stop.Do(func() { close(c.quit) })
	<-c.ended
}

// do returns when the change is durable, or was refused. Once it is in the queue
// it is carried out, whatever becomes of ctx.
func (c *committer) do(ctx context.Context, apply func(w *writer) error) error {
	ch := &change{apply: apply, done: make(chan error, 1)}
	c.count(1)
	defer c.count(-1)
	select {
	case c.queue <- ch:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return ErrClosed
	}
	select {
	case err := <-ch.done:
		return err
	case <-c.ended: // it may have been the last to be served
		select {
		case err := <-ch.done:
			return err
		default:
			return ErrClosed
		}
	}
}

func (c *committer) count(n int) {
	c.mu.Lock()
	c.waiting += n
	c.mu.Unlock()
}

// through returns the moment up to which everything that is or will ever be
// stored can be seen.
func (c *committer) through() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	through := time.UnixMicro(int64(c.last))
	if now := time.Now().Add(-time.Microsecond); c.waiting == 0 && now.After(through) {
		return now
	}
	return through
}

// newest returns the newest seq, and what is closed when there is a newer one.
func (c *committer) newest() (last uint64, moved <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.moved == nil {
		c.moved = make(chan struct{})
	}
	return c.last, c.moved
}

func (c *committer) loop() {
	defer close(c.ended)
	for {
		select {
		case ch := <-c.queue:
			c.batch([]*change{ch})
		case j := <-c.jobs:
			j.done <- j.fn()
		case <-c.quit:
			return
		}
	}
}

// batch commits the changes with all who wait by then. If one fails, the others
// begin anew without it.
func (c *committer) batch(changes []*change) {
	for len(c.queue) > 0 && len(changes) < maxShared {
		changes = append(changes, <-c.queue)
	}
	for len(changes) > 0 {
		failed, err := c.try(changes)
		if err == nil {
			break
		}
		if failed < 0 { // the commit itself
			for _, ch := range changes {
				ch.done <- err
			}
			return
		}
		changes[failed].done <- err
		changes = append(changes[:failed:failed], changes[failed+1:]...)
	}
	for _, ch := range changes {
		ch.done <- nil
	}
}

// try runs the changes in a transaction and says which one failed, if one did.
func (c *committer) try(changes []*change) (failed int, err error) {
	failed, seq := -1, c.last
	err = c.db.Update(func(tx *bbolt.Tx) error {
		w := newWriter(newReader(tx, c.vault), &seq)
		for i, ch := range changes {
			if err := ch.run(w); err != nil {
				failed = i
				return err
			}
		}
		if !w.changed {
			return errUnchanged
		}
		if !c.marked {
			return putMark(tx)
		}
		return nil
	})
	switch {
	case errors.Is(err, errUnchanged):
		return failed, nil
	case err != nil && failed < 0:
		return failed, fmt.Errorf("xapi: commit: %w", err)
	case err == nil:
		c.marked = true
		c.mu.Lock()
		if c.moved != nil && seq > c.last {
			close(c.moved)
			c.moved = nil
		}
		c.last = seq
		c.mu.Unlock()
	}
	return failed, err
}

// run turns a panic into the failure of the one whose it is.
func (ch *change) run(w *writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("xapi: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return ch.apply(w)
}
