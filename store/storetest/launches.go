package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// launched stores a launch l beneath a grant g of account a and client c.
func launched(t testing.TB, s *store.Store, expires time.Time) {
	t.Helper()
	do(t, s, func(ctx context.Context) error {
		return s.CreateLaunch(ctx,
			store.Launch{ID: "l", GrantID: "g", FetchHash: []byte("fetch"), CreatedAt: now, ExpiresAt: expires},
			store.Grant{ID: "g", AccountID: "a", ClientID: "c", Launched: "https://a.example/lesson", CreatedAt: now})
	})
}

func launchLive(t *testing.T, e store.Engine) {
	s := on(t, e)
	live := func(at time.Time) error {
		l, g, err := s.LiveLaunch(t.Context(), "l", at)
		if err == nil && (l.ID != "l" || g.ID != "g") {
			t.Fatalf("got %+v, %+v", l, g)
		}
		return err
	}
	want(t, live(now), store.ErrNotFound)
	launched(t, s, now.Add(time.Hour))
	want(t, live(now), nil)
	g, err := s.Grants.Get(t.Context(), "g")
	want(t, err, nil)
	if !g.ExpiresAt.Equal(now.Add(time.Hour)) {
		t.Fatalf("its grant ends at %v", g.ExpiresAt)
	}
	want(t, live(now.Add(time.Hour)), store.ErrExpired)
	want(t, live(now), store.ErrNotFound) // the clock was set back

	launched(t, s, now.Add(time.Hour))
	do(t, s, func(ctx context.Context) error { return s.RevokeGrant(ctx, "g", now) })
	want(t, live(now), store.ErrEnded)
}

// launchAside shows that what a launch may do is no consent for a login.
func launchAside(t *testing.T, e store.Engine) {
	s := on(t, e)
	launched(t, s, now.Add(time.Hour))
	_, err := s.LivingGrant(t.Context(), "a", "c", "")
	want(t, err, store.ErrNotFound)
	if g := upsert(t, s, "", now, "read"); g.ID == "g" {
		t.Fatal("a login grew the grant of a launch")
	}
	want(t, s.Do(t.Context(), func(ctx context.Context) error { // a second launch of the same app
		return s.CreateLaunch(ctx, store.Launch{ID: "m", GrantID: "h"}, store.Grant{ID: "h", AccountID: "a", ClientID: "c", Launched: "x"})
	}), nil)
}

func launchBindCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	launched(t, s, time.Time{})
	bind := func(ctx context.Context, identity string) error {
		_, err := s.BindLaunch(ctx, "l", identity, now)
		return err
	}
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error { return bind(ctx, string(rune('A'+i))) }), store.ErrConsumed)
	l, err := s.Launches.Get(t.Context(), "l")
	want(t, err, nil)
	before := s.Commits()
	want(t, s.Do(t.Context(), func(ctx context.Context) error { return bind(ctx, l.Identity) }), nil)
	want(t, s.Do(t.Context(), func(ctx context.Context) error { return bind(ctx, "") }), store.ErrConsumed)
	if n := s.Commits() - before; n != 0 {
		t.Fatalf("later uses cost %d commits", n)
	}
	l.BoundAt = l.BoundAt.Add(time.Second)
	want(t, s.Do(t.Context(), func(ctx context.Context) error { return s.Launches.Put(ctx, l) }), store.ErrConsumed)
}

func launchFetchCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	_, err := s.LaunchToFetch(t.Context(), []byte("fetch"))
	want(t, err, store.ErrNotFound)
	launched(t, s, time.Time{})
	l, err := s.LaunchToFetch(t.Context(), []byte("fetch"))
	want(t, err, nil)
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error {
		return s.FetchLaunch(ctx, l.ID, []byte{byte(i)})
	}), store.ErrConsumed)
}
