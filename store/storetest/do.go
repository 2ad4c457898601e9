package storetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

var errRefused = errors.New("refused")

func client(id string) store.Client { return store.Client{ID: id, Name: id} }

// clientIDs returns those that are stored, in order.
func clientIDs(t testing.TB, ctx context.Context, s *store.Store) (ids []string) {
	t.Helper()
	clients, err := s.Clients.List(ctx)
	want(t, err, nil)
	for _, c := range clients {
		ids = append(ids, c.ID)
	}
	return ids
}

func wantClients(t testing.TB, s *store.Store, ids ...string) {
	t.Helper()
	if got := clientIDs(t, t.Context(), s); !slices.Equal(got, ids) {
		t.Fatalf("clients are %q, want %q", got, ids)
	}
}

func doReadsItsWrites(t *testing.T, e store.Engine) {
	s := on(t, e)
	for _, id := range []string{"b", "d", "f"} {
		put(t, s, s.Clients, client(id))
	}
	do(t, s, func(ctx context.Context) error {
		err := errors.Join(
			s.Clients.Put(ctx, client("a")),
			s.Clients.Put(ctx, client("e")),
			s.Clients.Put(ctx, client("z")),
			s.Clients.Put(ctx, store.Client{ID: "d", Name: "changed"}),
			s.Clients.Delete(ctx, "f"),
			s.Clients.Delete(ctx, "none"),
		)
		if got, want := clientIDs(t, ctx, s), []string{"a", "b", "d", "e", "z"}; !slices.Equal(got, want) {
			t.Errorf("inside: %q, want %q", got, want)
		}
		if c, err := s.Clients.Get(ctx, "d"); err != nil || c.Name != "changed" {
			t.Errorf("inside: %v, %v", c, err)
		}
		if c, err := s.Clients.Get(t.Context(), "d"); err != nil || c.Name != "d" {
			t.Errorf("outside: %v, %v", c, err)
		}
		_, gone := s.Clients.Get(ctx, "f")
		want(t, gone, store.ErrNotFound)
		return err
	})
	wantClients(t, s, "a", "b", "d", "e", "z")
}

func doDropsOnError(t *testing.T, e store.Engine) {
	s := on(t, e)
	err := s.Do(t.Context(), func(ctx context.Context) error {
		want(t, s.Clients.Put(ctx, client("a")), nil)
		return errRefused
	})
	want(t, err, errRefused)
	wantClients(t, s)
	if n := s.Commits(); n != 0 {
		t.Fatalf("%d commits for a refused request", n)
	}
}

func doKeeps(t *testing.T, e store.Engine) {
	s := on(t, e)
	err := s.Do(t.Context(), func(ctx context.Context) error {
		store.Keep(ctx)
		want(t, s.Clients.Put(ctx, client("kept")), nil)
		return errRefused
	})
	want(t, err, errRefused)
	wantClients(t, s, "kept")
	wantPanic(t, func() { store.Keep(t.Context()) })
}

// wantPanic returns what fn panics with.
func wantPanic(t testing.TB, fn func()) (value any) {
	t.Helper()
	defer func() {
		t.Helper()
		if value = recover(); value == nil {
			t.Fatal("no panic")
		}
	}()
	fn()
	return nil
}

func doPanics(t *testing.T, e store.Engine) {
	s := on(t, e)
	got := wantPanic(t, func() {
		s.Do(t.Context(), func(ctx context.Context) error {
			store.Keep(ctx)
			want(t, s.Clients.Put(ctx, client("dropped")), nil)
			panic("boom")
		})
	})
	if got != "boom" {
		t.Fatalf("panic with %v", got)
	}
	wantClients(t, s)
	put(t, s, s.PushedRequests, store.PushedRequest{Hash: hash(1), ExpiresAt: now})
	wantPanic(t, func() {
		s.Do(t.Context(), func(ctx context.Context) error {
			_, err := s.LivePushedRequest(ctx, hash(1), now)
			panic(err)
		})
	})
	_, err := s.PushedRequests.Get(t.Context(), string(hash(1)))
	want(t, err, store.ErrNotFound) // what was seen expired is gone all the same
	put(t, s, s.Clients, client("next"))
	wantClients(t, s, "next")
}

// doGoexit ends the goroutine within the function, as t.FailNow does.
func doGoexit(t *testing.T, e store.Engine) {
	s := on(t, e)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Do(t.Context(), func(ctx context.Context) error {
			want(t, s.Clients.Put(ctx, client("dropped")), nil)
			runtime.Goexit()
			return nil
		})
	}()
	<-ended
	put(t, s, s.Clients, client("next"))
	wantClients(t, s, "next")
}

func doMisuse(t *testing.T, e store.Engine) {
	s, other := on(t, e), Open(t)
	nothing := func(context.Context) error { return nil }
	var over context.Context
	do(t, s, func(ctx context.Context) error {
		over = ctx
		wantPanic(t, func() { s.Do(ctx, nothing) })
		wantPanic(t, func() { other.Do(ctx, nothing) })
		wantPanic(t, func() { other.Clients.Put(ctx, client("a")) })
		return nil
	})
	for name, misuse := range map[string]func(ctx context.Context){
		"put":    func(ctx context.Context) { s.Clients.Put(ctx, client("a")) },
		"delete": func(ctx context.Context) { s.Clients.Delete(ctx, "a") },
		"event":  func(ctx context.Context) { s.Events.Append(ctx, store.Event{}) },
		"decide": func(ctx context.Context) { s.DecideInteraction(ctx, "a", now) },
		"upsert": func(ctx context.Context) { s.UpsertGrant(ctx, "a", "c", "", nil, now) },
	} {
		t.Run(name, func(t *testing.T) {
			wantPanic(t, func() { misuse(t.Context()) })
			wantPanic(t, func() { misuse(over) })
		})
	}
	wantPanic(t, func() { s.Clients.Get(over, "a") })
	wantClients(t, s)
}

func doUnchanged(t *testing.T, e store.Engine) {
	s := on(t, e)
	key := store.Key{ID: "k", Use: "sig", Private: []byte("secret")}
	do(t, s, func(ctx context.Context) error {
		return errors.Join(s.Clients.Put(ctx, client("a")), s.Keys.Put(ctx, key))
	})
	before := s.Commits()
	do(t, s, func(context.Context) error { return nil })
	do(t, s, func(ctx context.Context) error { return s.Clients.Delete(ctx, "none") })
	do(t, s, func(ctx context.Context) error {
		return errors.Join(
			s.Clients.Put(ctx, client("a")), // the same bytes
			s.Keys.Put(ctx, key),            // sealed to other bytes, but unchanged
			s.Clients.Put(ctx, client("b")), // undone
			s.Clients.Delete(ctx, "b"),
		)
	})
	if n := s.Commits() - before; n != 0 {
		t.Fatalf("%d commits for nothing", n)
	}
}

// doCrowd counts in one record: an update that is lost would show.
func doCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.Clients, client("counter"))
	errs := contend(t, s, func(ctx context.Context, i int) error {
		c, err := s.Clients.Get(ctx, "counter")
		if err != nil {
			return err
		}
		if i%8 == 0 {
			err = errRefused
		}
		c.Scopes = append(c.Scopes, "x")
		return errors.Join(s.Clients.Put(ctx, c), err)
	})
	for i, err := range errs {
		if i%8 == 0 {
			want(t, err, errRefused)
		} else {
			want(t, err, nil)
		}
	}
	c, err := s.Clients.Get(t.Context(), "counter")
	want(t, err, nil)
	if n := len(c.Scopes); n != crowd*7/8 {
		t.Fatalf("counted %d, want %d", n, crowd*7/8)
	}
	if n := s.Commits(); n < 2 || n > crowd+1 {
		t.Fatalf("%d commits", n)
	}
}
