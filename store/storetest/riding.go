package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// keepOpen is an engine whose next user finds it as its last one left it.
type keepOpen struct{ store.Engine }

func (keepOpen) Close() error { return nil }

// reopened opens a store on the engine of another, which it does not wait for:
// as after a kill.
func reopened(t testing.TB, e store.Engine) *store.Store {
	t.Helper()
	s, err := store.New(e, fixedKeys(7), slog.New(slog.DiscardHandler))
	want(t, err, nil)
	return s
}

func wantUsed(t testing.TB, s *store.Store, id string, at time.Time) {
	t.Helper()
	g, err := s.Grants.Get(t.Context(), id)
	want(t, err, nil)
	if got := s.LastUsed(g); !got.Equal(at) {
		t.Errorf("last used at %v, want %v", got, at)
	}
}

func rideWithNext(t *testing.T, e store.Engine) {
	e = keepOpen{e}
	s := on(t, e)
	g := upsert(t, s, "app", now, "read")
	wantUsed(t, s, g.ID, time.Time{})
	before := s.Commits()
	s.UseGrant(g.ID, now)
	s.UseGrant("none", now)
	if s.Commits() != before {
		t.Fatal("a use cost a commit")
	}
	wantUsed(t, s, g.ID, now)
	wantUsed(t, reopened(t, e), g.ID, time.Time{}) // killed before a commit

	put(t, s, s.Clients, client("c"))
	if n := s.Commits() - before; n != 1 {
		t.Fatalf("%d commits, want 1", n)
	}
	second := now.Truncate(time.Second)
	wantUsed(t, reopened(t, e), g.ID, second)

	// What is hardly newer is not written, and what nobody commits for waits.
	s.UseGrant(g.ID, now.Add(30*time.Second))
	put(t, s, s.Clients, client("d"))
	wantUsed(t, reopened(t, e), g.ID, second)
	s.UseGrant(g.ID, now.Add(time.Hour))
	do(t, s, func(ctx context.Context) error {
		_, err := s.Clients.Get(ctx, "c")
		return err
	})
	want(t, s.Do(t.Context(), func(context.Context) error { return errRefused }), errRefused)
	wantUsed(t, reopened(t, e), g.ID, second)
	wantUsed(t, s, g.ID, now.Add(time.Hour))

	// A clock that was ahead is corrected.
	s.UseGrant(g.ID, now)
	put(t, s, s.Clients, client("e"))
	s.UseGrant(g.ID, now.Add(-time.Hour))
	put(t, s, s.Clients, client("f"))
	wantUsed(t, reopened(t, e), g.ID, second.Add(-time.Hour))
}

func rideWithClose(t *testing.T, e store.Engine) {
	e = keepOpen{e}
	s := on(t, e)
	var ids []string
	do(t, s, func(ctx context.Context) error {
		for i := range 100 {
			g, err := s.UpsertGrant(ctx, fmt.Sprint(i), "c", "", nil, now)
			if err != nil {
				return err
			}
			ids = append(ids, g.ID)
		}
		return nil
	})
	for _, id := range ids {
		s.UseGrant(id, now)
	}
	want(t, s.Close(), nil)
	s = reopened(t, e)
	for _, id := range ids {
		wantUsed(t, s, id, now.Truncate(time.Second))
	}
}

// rideFails shows that what rides is not lost with a commit that failed, and
// that a revoked grant stays revoked.
func rideFails(t *testing.T, e store.Engine) {
	full := errors.New("no space left")
	w := &wrapped{Engine: keepOpen{e}}
	s := on(t, w)
	g := upsert(t, s, "app", now, "read")
	s.UseGrant(g.ID, now)
	w.beforeCommit = func() error { return full }
	err := s.Do(t.Context(), func(ctx context.Context) error { return s.Clients.Put(ctx, client("c")) })
	want(t, err, full)
	w.beforeCommit = nil
	do(t, s, func(ctx context.Context) error { return s.RevokeGrant(ctx, g.ID, now) })
	g, err = reopened(t, w).Grants.Get(t.Context(), g.ID)
	want(t, err, nil)
	if g.RevokedAt.IsZero() || g.LastUsedAt.IsZero() {
		t.Fatalf("the grant is %+v", g)
	}
}

// rideUndecided has an interaction outlive its process: after another commit,
// and after the close.
func rideUndecided(t *testing.T, e store.Engine) {
	e = keepOpen{e}
	s := on(t, e)
	want(t, s.PutInteraction(interaction("first")), nil)
	_, err := reopened(t, e).Interaction("first", now) // killed
	want(t, err, store.ErrNotFound)
	put(t, s, s.Clients, client("c"))
	want(t, s.PutInteraction(interaction("second")), nil)
	before := s.Commits()
	_, err = decide(t, s, "first", nil)
	want(t, err, nil)
	if n := s.Commits() - before; n != 1 {
		t.Fatalf("%d commits for a decision", n)
	}
	want(t, s.PutInteraction(interaction("third")), nil)
	want(t, s.Close(), nil)

	s = on(t, e)
	for id, target := range map[string]error{"first": store.ErrNotFound, "second": nil, "third": nil} {
		i, err := s.Interaction(id, now)
		want(t, err, target)
		if err == nil && (i.Parameters["state"][0] != "s" || !i.ExpiresAt.Equal(now.Add(time.Minute))) {
			t.Errorf("%s came back as %+v", id, i)
		}
	}
	_, err = decide(t, s, "second", nil)
	want(t, err, nil)
	_, err = s.Interaction("third", now.Add(time.Minute))
	want(t, err, store.ErrExpired)
	want(t, s.Close(), nil)
	_, err = reopened(t, e).Interaction("second", now)
	want(t, err, store.ErrNotFound)

	// What is decided in the commit it would ride with is not written for it.
	s = on(t, e)
	want(t, s.PutInteraction(interaction("fourth")), nil)
	_, err = decide(t, s, "fourth", nil)
	want(t, err, nil)
	want(t, e.View(func(r store.Reader) error {
		for key := range r.Scan("undecided", store.Range{}) {
			if string(key) == "fourth" {
				t.Error("a decided interaction was written")
			}
		}
		return nil
	}), nil)
}
