package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// clockSetBack sees each kind of record expire, and then sets the clock back:
// what was seen expired does not come back, though every request that saw it
// was refused.
func clockSetBack(t *testing.T, e store.Engine) {
	s := on(t, e)
	login(t, s, now)
	dying, waiting := withTokens("y", 1), interaction("i")
	dying.Code.ExpiresAt, dying.Refresh.ExpiresAt, waiting.ExpiresAt = now, now, now
	put(t, s, s.Authorizations, dying)
	put(t, s, s.PushedRequests, store.PushedRequest{Hash: hash(1), ExpiresAt: now})
	want(t, s.PutInteraction(waiting), nil)
	for name, use := range map[string]func(ctx context.Context, at time.Time) error{
		"code":    func(ctx context.Context, at time.Time) error { return redeem(ctx, s, "y", 1, at) },
		"refresh": func(ctx context.Context, at time.Time) error { return rotate(ctx, s, "y", 1, 2, at) },
		"pushed": func(ctx context.Context, at time.Time) error {
			_, err := s.LivePushedRequest(ctx, hash(1), at)
			return err
		},
		"interaction":   func(ctx context.Context, at time.Time) error { _, err := s.DecideInteraction(ctx, "i", at); return err },
		"authorization": func(ctx context.Context, at time.Time) error { _, err := s.LiveAuthorization(ctx, "z", at); return err },
	} {
		refused := func(at time.Time) error {
			return s.Do(t.Context(), func(ctx context.Context) error {
				if err := s.Clients.Put(ctx, client("dropped")); err != nil {
					return err
				}
				if err := use(ctx, at); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				return errRefused
			})
		}
		want(t, refused(now.Add(-time.Nanosecond)), errRefused) // lives
		want(t, refused(now), store.ErrExpired)
		want(t, refused(now.Add(-time.Hour)), store.ErrNotFound)
	}
	wantClients(t, s) // nothing else of those requests was kept

	login(t, s, now) // outside a transaction it is as durable
	for _, want := range []error{store.ErrExpired, store.ErrNotFound} {
		if _, err := s.LiveAuthorization(t.Context(), "z", now); !errors.Is(err, want) {
			t.Fatalf("error is %v, want %v", err, want)
		}
	}
}

// expiring stores n pushed requests with hashes of one beginning.
func expiring(t testing.TB, s *store.Store, begin byte, n int, at time.Time) {
	t.Helper()
	do(t, s, func(ctx context.Context) error {
		for i := range n {
			if err := s.PushedRequests.Put(ctx, store.PushedRequest{Hash: []byte{begin, byte(i >> 8), byte(i)}, ExpiresAt: at}); err != nil {
				return err
			}
		}
		return nil
	})
}

func sweep(t testing.TB, s *store.Store, at time.Time, limit, expected int) {
	t.Helper()
	n, err := s.Sweep(t.Context(), at, limit)
	want(t, err, nil)
	if n != expected {
		t.Fatalf("swept %d, want %d", n, expected)
	}
}

func sweepLeavesLiving(t *testing.T, e store.Engine) {
	s := on(t, e)
	g := login(t, s, now.Add(time.Hour))
	expiring(t, s, 1, 3, now)                  // half a second past a full one
	expiring(t, s, 2, 3, now.Add(time.Minute)) // living
	put(t, s, s.Clients, client("c"))          // has no time
	sweep(t, s, now.Add(-time.Nanosecond), 0, 0)
	sweep(t, s, now, 0, 0) // the whole second is not over
	sweep(t, s, now.Add(time.Second), 0, 3)
	sweep(t, s, now.Add(time.Second), 0, 0)
	_, err := s.PushedRequests.Get(t.Context(), string([]byte{1, 0, 0}))
	want(t, err, store.ErrNotFound)
	_, err = s.LiveAuthorization(t.Context(), "z", now)
	want(t, err, nil)

	// A record that got more time is judged by its new one, a revoked grant
	// is remembered for a while, and what never ends stays.
	expiring(t, s, 2, 3, now.Add(2*time.Hour))
	sweep(t, s, now.Add(90*time.Minute), 0, 1) // the authorization
	do(t, s, func(ctx context.Context) error { return s.RevokeGrant(ctx, g.ID, now) })
	sweep(t, s, now.AddDate(0, 0, 29), 0, 3)
	sweep(t, s, now.AddDate(0, 0, 31), 0, 1)
	sweep(t, s, now.AddDate(100, 0, 0), 0, 0)
	wantClients(t, s, "c")
}

// sweepProportional compares the work of a sweep among few and among many.
func sweepProportional(t *testing.T, e store.Engine) {
	w := &wrapped{Engine: e}
	s := on(t, w)
	sweep(t, s, now, 0, 0) // the first one notes when it was
	work := func(begin byte, living int) int64 {
		expiring(t, s, begin, living, now.Add(time.Hour))
		expiring(t, s, 0, 10, now)
		before := w.steps.Load()
		sweep(t, s, now.Add(time.Minute), 0, 10)
		return w.steps.Load() - before
	}
	few, many := work(1, 10), work(2, 2000)
	if many != few {
		t.Fatalf("the same sweep took %d steps among few, %d among many", few, many)
	}
}

// sweepLimit sweeps more than one small transaction deletes.
func sweepLimit(t *testing.T, e store.Engine) {
	s := on(t, e)
	expiring(t, s, 1, 1000, now)
	before := s.Commits()
	sweep(t, s, now.Add(time.Minute), 300, 300)
	sweep(t, s, now.Add(time.Minute), 0, 700)
	if n := s.Commits() - before; n < 5 {
		t.Fatalf("%d commits, want small ones", n)
	}
	want(t, s.PutInteraction(interaction("i")), nil)
	sweep(t, s, now.Add(time.Hour), 0, 0) // what is held in memory is not counted
	_, err := s.Interaction("i", now)
	want(t, err, store.ErrNotFound)
}
