package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// These tests need to know that others wait in the queue. In a bubble of
// synctest, Wait returns when they do.

// hold occupies the writer of s until release is called; done gets the outcome.
func hold(t testing.TB, s *store.Store, id string) (release func(), done chan error) {
	started, leave := make(chan struct{}), make(chan struct{})
	done = make(chan error, 1)
	go func() {
		done <- s.Do(t.Context(), func(ctx context.Context) error {
			close(started)
			<-leave
			return s.Clients.Put(ctx, client(id))
		})
	}()
	<-started
	return func() { close(leave) }, done
}

// queue starts transactions that each put a client, and returns when all wait.
func queue(ctx context.Context, s *store.Store, n int) (done chan error) {
	done = make(chan error, n)
	for i := range n {
		go func() {
			done <- s.Do(ctx, func(ctx context.Context) error {
				return s.Clients.Put(ctx, client(fmt.Sprintf("queued %d", i)))
			})
		}()
	}
	synctest.Wait()
	return done
}

func wantAll(t testing.TB, done chan error, n int, target error) {
	t.Helper()
	for range n {
		want(t, <-done, target)
	}
}

func doCanceled(t *testing.T, e store.Engine) {
	synctest.Test(t, func(t *testing.T) {
		s := on(t, e)
		release, held := hold(t, s, "held")
		ctx, cancel := context.WithCancel(t.Context())
		waiting := queue(ctx, s, 3)
		cancel()
		wantAll(t, waiting, 3, context.Canceled) // while the writer is still held
		release()
		want(t, <-held, nil)
		wantClients(t, s, "held")
		for _, ctx := range []context.Context{ctx, &ending{Context: t.Context()}} {
			want(t, s.Do(ctx, func(context.Context) error { panic("must not run") }), context.Canceled)
		}
	})
}

// ending is a context that ends just when its caller gets a turn.
type ending struct {
	context.Context
	asked bool
}

func (e *ending) Err() error {
	if e.asked {
		return context.Canceled
	}
	e.asked = true
	return nil
}

// doLoner measures with a clock that moves only when everybody waits for it.
func doLoner(t *testing.T, e store.Engine) {
	synctest.Test(t, func(t *testing.T) {
		s := on(t, e)
		start := time.Now()
		put(t, s, s.Clients, client("a"))
		if d := time.Since(start); d != 0 {
			t.Fatalf("a lone caller waited %v", d)
		}
	})
}

func doSharesCommit(t *testing.T, e store.Engine) {
	synctest.Test(t, func(t *testing.T) {
		s := on(t, e)
		release, held := hold(t, s, "held")
		waiting := queue(t.Context(), s, crowd)
		release()
		want(t, <-held, nil)
		wantAll(t, waiting, crowd, nil)
		if n := s.Commits(); n != 1 {
			t.Fatalf("%d commits, want 1", n)
		}
	})
}

// doSharesNextCommit lets callers come while a commit is on its way.
func doSharesNextCommit(t *testing.T, e store.Engine) {
	synctest.Test(t, func(t *testing.T) {
		w := &wrapped{Engine: e}
		s := on(t, w)
		committing, release := make(chan struct{}), make(chan struct{})
		first := true
		w.beforeCommit = func() error {
			if first {
				first = false
				close(committing)
				<-release
			}
			return nil
		}
		done := make(chan error, 1)
		go func() {
			done <- s.Do(t.Context(), func(ctx context.Context) error { return s.Clients.Put(ctx, client("first")) })
		}()
		<-committing
		waiting := queue(t.Context(), s, crowd)
		wantClients(t, s) // a reader does not wait, and sees no half
		close(release)
		want(t, <-done, nil)
		wantAll(t, waiting, crowd, nil)
		if n := s.Commits(); n != 2 {
			t.Fatalf("%d commits, want 2", n)
		}
	})
}

func doSharesFailure(t *testing.T, e store.Engine) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left")
		w := &wrapped{Engine: e}
		s := on(t, w)
		w.beforeCommit = func() error { return full }
		release, held := hold(t, s, "held")
		waiting := queue(t.Context(), s, 3)
		release()
		want(t, <-held, full)
		wantAll(t, waiting, 3, full)
		wantClients(t, s)
		w.beforeCommit = nil
		put(t, s, s.Clients, client("later"))
		wantClients(t, s, "later")
		if n := s.Commits(); n != 1 {
			t.Fatalf("%d commits counted, want 1", n)
		}
	})
}

func doClose(t *testing.T, e store.Engine) {
	synctest.Test(t, func(t *testing.T) {
		s := on(t, e)
		release, held := hold(t, s, "held")
		waiting := queue(t.Context(), s, 3)
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		wantAll(t, waiting, 3, store.ErrClosed)
		synctest.Wait()
		select {
		case err := <-closed:
			t.Fatalf("closed beneath a transaction: %v", err)
		default:
		}
		release()
		want(t, <-held, nil) // who had a turn keeps it
		want(t, <-closed, nil)
		want(t, s.Close(), nil)
		want(t, s.Do(t.Context(), func(context.Context) error { return nil }), store.ErrClosed)
		_, err := s.Clients.Get(t.Context(), "held")
		want(t, err, store.ErrClosed)
	})
}
