package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

func hash(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// putLogin stores a login with a code, hash(1), and a first refresh token.
func putLogin(t testing.TB, s *store.Store, id string, refresh byte) {
	t.Helper()
	put(t, s, s.Authorizations, withTokens(id, refresh))
}

func withTokens(id string, refresh byte) store.Authorization {
	return store.Authorization{
		ID: id, GrantID: "g", AccountID: "a", ClientID: "c", CreatedAt: now,
		Code:    store.Code{Hash: hash(1), Challenge: "x", ExpiresAt: now.Add(time.Minute)},
		Refresh: store.RefreshTokens{Last: hash(refresh), IssuedAt: now, ExpiresAt: now.Add(time.Hour)},
	}
}

// change changes the login in the transaction of ctx, as a request does.
func change(ctx context.Context, s *store.Store, id string, how func(*store.Authorization) error) error {
	a, err := s.Authorizations.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := how(&a); err != nil {
		return err
	}
	return s.Authorizations.Put(ctx, a)
}

func redeem(ctx context.Context, s *store.Store, id string, code byte, at time.Time) error {
	err := change(ctx, s, id, func(a *store.Authorization) error { return a.Redeem(hash(code), at) })
	if errors.Is(err, store.ErrExpired) {
		return errors.Join(err, s.ForgetCode(ctx, id))
	}
	return err
}

func rotate(ctx context.Context, s *store.Store, id string, from, to byte, at time.Time) error {
	err := change(ctx, s, id, func(a *store.Authorization) error { return a.Rotate(hash(from), hash(to), now.Add(time.Hour), at) })
	if errors.Is(err, store.ErrExpired) {
		return errors.Join(err, s.ForgetRefreshTokens(ctx, id))
	}
	return err
}

func codeRedeem(t *testing.T, e store.Engine) {
	s := on(t, e)
	putLogin(t, s, "z", 0)
	try := func(code byte, refuse error) error {
		return s.Do(t.Context(), func(ctx context.Context) error { return errors.Join(redeem(ctx, s, "z", code, now), refuse) })
	}
	want(t, try(1, errRefused), errRefused) // a wrong verifier does not burn it
	want(t, try(2, nil), store.ErrNotFound)
	want(t, try(1, nil), nil)
	want(t, try(1, nil), store.ErrConsumed)
	a, err := s.Authorizations.Get(t.Context(), "z")
	want(t, err, nil)
	if !a.Code.RedeemedAt.Equal(now) {
		t.Fatalf("redeemed %+v", a.Code)
	}
	for name, undo := range map[string]func(*store.Authorization){
		"not redeemed":   func(a *store.Authorization) { a.Code.RedeemedAt = time.Time{} },
		"redeemed later": func(a *store.Authorization) { a.Code.RedeemedAt = now.Add(time.Second) },
	} {
		stale := a
		undo(&stale)
		err := s.Do(t.Context(), func(ctx context.Context) error { return s.Authorizations.Put(ctx, stale) })
		if !errors.Is(err, store.ErrConsumed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func codeRedeemCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	putLogin(t, s, "z", 0)
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error { return redeem(ctx, s, "z", 1, now) }), store.ErrConsumed)
}

func refreshRotate(t *testing.T, e store.Engine) {
	s := on(t, e)
	putLogin(t, s, "z", 1)
	first := withTokens("z", 1)
	rotate := func(from, to byte) error {
		return s.Do(t.Context(), func(ctx context.Context) error { return rotate(ctx, s, "z", from, to, now) })
	}
	want(t, rotate(9, 2), store.ErrNotFound)
	want(t, rotate(1, 1), store.ErrExists)
	want(t, rotate(1, 2), nil)
	before := s.Commits()
	want(t, rotate(1, 2), nil) // a retry
	if n := s.Commits() - before; n != 0 {
		t.Fatalf("%d commits for a retry", n)
	}
	want(t, rotate(1, 3), store.ErrConsumed)
	want(t, rotate(2, 3), nil)
	want(t, rotate(3, 1), store.ErrExists) // no circles
	want(t, rotate(1, 2), store.ErrConsumed)
	a, err := s.Authorizations.Get(t.Context(), "z")
	want(t, err, nil)
	if r := a.Refresh; !r.InForce(hash(3)) || !r.Knows(hash(1)) || r.MayRepeat(hash(1)) || !r.MayRepeat(hash(2)) || r.Knows(hash(9)) || r.Rotations != 2 {
		t.Fatalf("rotated to %+v", r)
	}
	want(t, a.Issue(hash(4), now, now), store.ErrExists)
	err = s.Do(t.Context(), func(ctx context.Context) error { return s.Authorizations.Put(ctx, first) })
	want(t, err, store.ErrConsumed)
	a.Refresh.Last = hash(7) // another, without rotation
	err = s.Do(t.Context(), func(ctx context.Context) error { return s.Authorizations.Put(ctx, a) })
	want(t, err, store.ErrConsumed)
}

func refreshIssue(t *testing.T, e store.Engine) {
	s := on(t, e)
	a := withTokens("z", 1)
	a.Refresh = store.RefreshTokens{}
	put(t, s, s.Authorizations, a)
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error {
		return change(ctx, s, "z", func(a *store.Authorization) error { return a.Issue(hash(byte(i)), now.Add(time.Hour), now) })
	}), store.ErrExists)
	a, err := s.Authorizations.Get(t.Context(), "z")
	want(t, err, nil)
	if r := a.Refresh; r.Last == nil || !r.IssuedAt.Equal(now) || r.Rotations != 0 {
		t.Fatalf("issued %+v", r)
	}
}

func refreshRotateCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	putLogin(t, s, "z", 0)
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error { return rotate(ctx, s, "z", 0, byte(i+1), now) }), store.ErrConsumed)
}

// refreshBounded refreshes in a loop: of 101 tokens the last is known and the
// 32 before it.
func refreshBounded(t *testing.T, e store.Engine) {
	s := on(t, e)
	rotate := func(from, to byte) error {
		return s.Do(t.Context(), func(ctx context.Context) error { return rotate(ctx, s, "z", from, to, now) })
	}
	putLogin(t, s, "z", 0)
	putLogin(t, s, "neighbour", 200)
	for i := range byte(100) {
		want(t, rotate(i, i+1), nil)
		before := s.Commits()
		want(t, rotate(i, i+1), nil) // a retry
		if n := s.Commits() - before; n != 0 {
			t.Fatalf("%d commits for a retry of rotation %d", n, i)
		}
	}
	a, err := s.Authorizations.Get(t.Context(), "z")
	want(t, err, nil)
	r := a.Refresh
	if !r.InForce(hash(100)) || len(r.Rotated) != 32 || r.Rotations != 100 {
		t.Fatalf("after a hundred rotations it is %+v", r)
	}
	for n := range byte(100) {
		if r.Knows(hash(n)) != (n >= 68) {
			t.Errorf("token %d is known: %t", n, r.Knows(hash(n)))
		}
		want(t, rotate(n, 201), map[bool]error{true: store.ErrConsumed, false: store.ErrNotFound}[n >= 68])
	}
	want(t, rotate(67, 68), store.ErrNotFound) // too old for a retry, too
	want(t, rotate(100, 101), nil)
	a, err = s.Authorizations.Get(t.Context(), "neighbour")
	want(t, err, nil)
	if !a.Refresh.InForce(hash(200)) || a.Refresh.Rotations != 0 {
		t.Errorf("the neighbour's became %+v", a.Refresh)
	}
}

// codeGoesWithUse: once a login was refreshed, an expired code is of no use.
func codeGoesWithUse(t *testing.T, e store.Engine) {
	s := on(t, e)
	putLogin(t, s, "z", 0)
	for i, gone := range []bool{false, true} {
		at := now.Add(time.Duration(i) * time.Minute)
		do(t, s, func(ctx context.Context) error { return rotate(ctx, s, "z", byte(i), byte(i+1), at) })
		a, err := s.Authorizations.Get(t.Context(), "z")
		want(t, err, nil)
		if a.Code.IsZero() != gone {
			t.Errorf("refreshed %v after its code was issued, a login has %+v", at.Sub(now), a.Code)
		}
	}
}

func pushedLive(t *testing.T, e store.Engine) {
	s := on(t, e)
	live := func() error {
		_, err := s.LivePushedRequest(t.Context(), hash(1), now)
		return err
	}
	want(t, live(), store.ErrNotFound)
	p := store.PushedRequest{Hash: hash(1), ClientID: "c", ExpiresAt: now.Add(time.Minute)}
	put(t, s, s.PushedRequests, p)
	want(t, live(), nil)
	want(t, live(), nil) // reloading the page
	p.DecidedAt = now
	put(t, s, s.PushedRequests, p)
	want(t, live(), store.ErrConsumed)
}
