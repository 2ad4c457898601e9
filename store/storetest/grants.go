package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// upsert makes or widens a grant of account a for client c.
func upsert(t testing.TB, s *store.Store, identity string, at time.Time, scopes ...string) (g store.Grant) {
	t.Helper()
	do(t, s, func(ctx context.Context) (err error) {
		g, err = s.UpsertGrant(ctx, "a", "c", identity, scopes, at)
		return err
	})
	return g
}

func grantUpsert(t *testing.T, e store.Engine) {
	s := on(t, e)
	first := upsert(t, s, "app", now, "read", "read", "write")
	if first.ID == "" || !slices.Equal(first.Scopes, []string{"read", "write"}) || !first.CreatedAt.Equal(now) {
		t.Fatalf("made %+v", first)
	}
	before, later := s.Commits(), now.Add(time.Hour)
	same := upsert(t, s, "app", later, "write")
	if same.ID != first.ID || !same.UpdatedAt.Equal(now) || len(same.Scopes) != 2 || s.Commits() != before {
		t.Fatalf("less changed it to %+v, with %d commits", same, s.Commits()-before)
	}
	grown := upsert(t, s, "app", later, "delete")
	if grown.ID != first.ID || !slices.Equal(grown.Scopes, []string{"read", "write", "delete"}) || !grown.UpdatedAt.Equal(later) {
		t.Fatalf("grown to %+v", grown)
	}
	if other := upsert(t, s, "", now, "read"); other.ID == first.ID {
		t.Fatal("another app identity shares the grant")
	}
}

func grantUpsertCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	for _, err := range contend(t, s, func(ctx context.Context, i int) error {
		_, err := s.UpsertGrant(ctx, "a", "c", "app", []string{string(rune('A' + i))}, now)
		return err
	}) {
		want(t, err, nil)
	}
	all, err := s.Grants.List(t.Context())
	want(t, err, nil)
	if len(all) != 1 || len(all[0].Scopes) != crowd {
		t.Fatalf("%d grants: %+v", len(all), all)
	}
}

func grantNeverRevived(t *testing.T, e store.Engine) {
	s := on(t, e)
	g := upsert(t, s, "app", now, "read", "write")
	revoke := func(id string, at time.Time) error {
		return s.Do(t.Context(), func(ctx context.Context) error { return s.RevokeGrant(ctx, id, at) })
	}
	want(t, revoke(g.ID, now), nil)
	want(t, revoke(g.ID, now.Add(time.Hour)), nil) // stays as it was
	want(t, revoke("none", now), store.ErrNotFound)
	err := s.Do(t.Context(), func(ctx context.Context) error { return s.Grants.Put(ctx, g) }) // read before it was revoked
	want(t, err, store.ErrConsumed)
	next := upsert(t, s, "app", now, "read")
	if next.ID == g.ID || len(next.Scopes) != 1 {
		t.Fatalf("revived as %+v", next)
	}
	old, err := s.Grants.Get(t.Context(), g.ID)
	want(t, err, nil)
	if !old.RevokedAt.Equal(now) {
		t.Fatalf("revoked at %v", old.RevokedAt)
	}
	second := store.Grant{ID: "second", AccountID: "a", ClientID: "c", Identity: "app"}
	err = s.Do(t.Context(), func(ctx context.Context) error { return s.Grants.Put(ctx, second) })
	want(t, err, store.ErrExists)
}

// grantsOf finds grants by their parties, and takes none for another's whose name
// begins alike.
func grantsOf(t *testing.T, e store.Engine) {
	s := on(t, e)
	var ids []string
	for _, parties := range [][3]string{{"a", "c", ""}, {"a", "c", "app"}, {"a", "cc", ""}, {"aa", "c", ""}} {
		do(t, s, func(ctx context.Context) error {
			g, err := s.UpsertGrant(ctx, parties[0], parties[1], parties[2], []string{"read"}, now)
			ids = append(ids, g.ID)
			return err
		})
	}
	launched := store.Grant{ID: "launched", AccountID: "a", ClientID: "lesson", Launched: "https://lesson.example/"}
	put(t, s, s.Grants, launched)
	ids = append(ids, launched.ID)
	are := func(ctx context.Context, account, client string, wanted ...int) {
		t.Helper()
		of, err := s.GrantsOf(ctx, account, client)
		want(t, err, nil)
		if len(of) != len(wanted) {
			t.Fatalf("%d grants of %q to %q: %+v", len(of), account, client, of)
		}
		for _, i := range wanted {
			if !slices.ContainsFunc(of, func(g store.Grant) bool { return g.ID == ids[i] }) {
				t.Fatalf("the grants of %q to %q lack number %d: %+v", account, client, i, of)
			}
		}
	}
	ever := func(client string, wanted bool) {
		t.Helper()
		got, err := s.EverGranted(t.Context(), client)
		want(t, err, nil)
		if got != wanted {
			t.Fatalf("%q was ever granted something: %t", client, got)
		}
	}
	are(t.Context(), "", "", 0, 1, 2, 3, 4)
	are(t.Context(), "a", "", 0, 1, 2, 4)
	are(t.Context(), "", "c", 0, 1, 3)
	are(t.Context(), "a", "c", 0, 1)
	are(t.Context(), "none", "")
	ever("lesson", false) // a launch is no login
	ever("none", false)
	do(t, s, func(ctx context.Context) error {
		want(t, s.RevokeGrant(ctx, ids[0], now), nil)
		want(t, s.Grants.Delete(ctx, ids[1]), nil)
		are(ctx, "a", "c", 0)
		are(t.Context(), "a", "c", 0, 1) // not committed yet
		return nil
	})
	are(t.Context(), "a", "c", 0)
	ever("c", true)
	sweep(t, s, now, 0, 0)
	sweep(t, s, now.AddDate(0, 0, 31), 0, 1) // it is remembered for a while that it was revoked
	are(t.Context(), "a", "c")
	ever("c", true) // by the other account
	do(t, s, func(ctx context.Context) error { return s.Grants.Delete(ctx, ids[3]) })
	ever("c", false)
}

// login stores an authorization z beneath a grant.
func login(t testing.TB, s *store.Store, expires time.Time) store.Grant {
	t.Helper()
	g := upsert(t, s, "app", now, "read")
	put(t, s, s.Authorizations, store.Authorization{ID: "z", GrantID: g.ID, AccountID: "a", ClientID: "c", CreatedAt: now, ExpiresAt: expires})
	return g
}

func authorizationLive(t *testing.T, e store.Engine) {
	s := on(t, e)
	live := func(ctx context.Context, at time.Time) error {
		_, err := s.LiveAuthorization(ctx, "z", at)
		return err
	}
	want(t, live(t.Context(), now), store.ErrNotFound)
	g := login(t, s, now.Add(time.Hour))
	want(t, live(t.Context(), now), nil)
	do(t, s, func(ctx context.Context) error {
		want(t, s.RevokeGrant(ctx, g.ID, now), nil)
		want(t, live(ctx, now), store.ErrEnded)
		want(t, live(t.Context(), now), nil) // not committed yet
		return nil
	})
	want(t, live(t.Context(), now), store.ErrEnded)
	do(t, s, func(ctx context.Context) error { return s.Grants.Delete(ctx, g.ID) })
	want(t, live(t.Context(), now), store.ErrEnded)
	upsert(t, s, "app", now, "read") // a new grant does not revive it
	want(t, live(t.Context(), now), store.ErrEnded)
}

func authorizationEndsOnce(t *testing.T, e store.Engine) {
	s := on(t, e)
	login(t, s, time.Time{})
	living, err := s.LiveAuthorization(t.Context(), "z", now.AddDate(100, 0, 0)) // zero is never
	want(t, err, nil)
	end := func(id, reason string) error {
		return s.Do(t.Context(), func(ctx context.Context) error { return s.EndAuthorization(ctx, id, reason, now) })
	}
	want(t, end("none", "logout"), store.ErrNotFound)
	want(t, end("z", "logout"), nil)
	want(t, end("z", "again"), nil)
	a, err := s.LiveAuthorization(t.Context(), "z", now)
	want(t, err, store.ErrEnded)
	if a.EndReason != "logout" {
		t.Fatalf("ended as %+v", a)
	}
	err = s.Do(t.Context(), func(ctx context.Context) error { return s.Authorizations.Put(ctx, living) })
	want(t, err, store.ErrConsumed)
}
