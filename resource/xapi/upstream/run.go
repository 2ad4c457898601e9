package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
)

const (
	maxBatch     = 50
	maxBytes     = 1_000_000 // of statements and attachments in one request
	firstPause   = 2 * time.Second
	longestPause = 15 * time.Minute
	longestAsked = 24 * time.Hour // that an upstream may ask for
)

// Run forwards whenever something waits, until ctx ends. What goes wrong is noted in
// the status and tried again.
func (f *Forwarder) Run(ctx context.Context) {
	for ctx.Err() == nil {
		newest := f.outbox.Newest()
		due, err := f.due(ctx)
		if err == nil && due <= 0 {
			err = f.pass(ctx)
		}
		if err != nil || due > 0 {
			f.pause(ctx, max(due, time.Second))
			continue
		}
		f.idle(ctx, newest)
	}
}

// due is how long the next attempt has to wait.
func (f *Forwarder) due(ctx context.Context) (time.Duration, error) {
	mark, err := f.outbox.Mark(ctx)
	if err != nil {
		f.log.ErrorContext(ctx, "the outbox cannot be read", "upstream", f.endpoint, "error", err)
		return 0, err
	}
	due := time.Until(mark.NextTry)
	if due > longestAsked { // the clock was set back since
		due = 0
	}
	return due, nil
}

// pause waits until the next attempt is due, or somebody wants it now.
func (f *Forwarder) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.woken:
	case <-ctx.Done():
	}
}

// idle waits for a statement that is newer than all that were forwarded.
func (f *Forwarder) idle(ctx context.Context, newest uint64) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-f.woken:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = f.outbox.Await(ctx, newest) // ends with ctx, too
}

// Now forwards all that waits, without regard to a pause, and returns when nothing
// does any more. The error says what stopped it; what was forwarded before stays so.
func (f *Forwarder) Now(ctx context.Context) error { return f.pass(ctx) }

// pass forwards until nothing waits or something is in the way. Statements and
// documents do not wait for each other, unless the upstream cannot be reached or asks
// to be left alone.
func (f *Forwarder) pass(ctx context.Context) error {
	select {
	case f.busy <- struct{}{}:
		defer func() { <-f.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	stopped := f.statements(ctx)
	if only(stopped) {
		stopped = errors.Join(stopped, f.documents(ctx))
	}
	if stopped != nil {
		return f.failed(ctx, stopped)
	}
	return nil
}

func (f *Forwarder) statements(ctx context.Context) error {
	for {
		batch, err := f.outbox.Next(ctx, maxBatch, maxBytes)
		if err != nil || len(batch) == 0 {
			return err
		}
		settled, stopped := f.deliver(ctx, batch, map[string]bool{})
		if len(settled) > 0 {
			// What the upstream has said must not be lost to the end of ctx.
			if err := f.outbox.Settle(context.WithoutCancel(ctx), settled); err != nil {
				return err
			}
			f.note(ctx, settled)
		}
		if stopped != nil {
			return stopped
		}
	}
}

func (f *Forwarder) note(ctx context.Context, settled []xapi.Settlement) {
	sent := 0
	for _, s := range settled {
		if s.Reason == "" {
			sent++
			continue
		}
		f.log.WarnContext(ctx, "a statement is in quarantine", "upstream", f.endpoint, "statement", s.ID, "reason", s.Reason)
	}
	if sent > 0 {
		f.log.InfoContext(ctx, "statements forwarded", "upstream", f.endpoint, "statements", sent)
	}
}

// failed notes what stopped a pass, unless it was our own end.
func (f *Forwarder) failed(ctx context.Context, stopped error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	mark, err := f.outbox.Mark(ctx)
	if err != nil {
		return err
	}
	wait := pauseAfter(mark.Failures, stopped)
	f.log.InfoContext(ctx, "forwarding pauses", "upstream", f.endpoint, "for", wait.Round(time.Second), "cause", stopped)
	if err := f.outbox.Fail(ctx, stopped.Error(), time.Now().Add(wait)); err != nil {
		return err
	}
	return stopped
}

// pauseAfter is twice as long after each failure, a random part of it taken off so
// that the devices of a school do not come all at once; or what the upstream asks
// for, if that is longer.
func pauseAfter(failures int, stopped error) time.Duration {
	pause := longestPause
	if failures < 10 {
		pause = min(pause, firstPause<<failures)
	}
	pause -= rand.N(pause / 2)
	return max(pause, min(askedBy(stopped), longestAsked))
}
