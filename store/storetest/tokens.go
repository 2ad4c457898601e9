package storetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

func hash(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func putCode(t testing.TB, s *store.Store) {
	t.Helper()
	put(t, s, s.Codes, store.Code{Hash: hash(1), AuthorizationID: "z", ClientID: "c", ExpiresAt: now.Add(time.Minute)})
}

func codeRedeem(t *testing.T, e store.Engine) {
	s := on(t, e)
	putCode(t, s)
	redeem := func(refuse error) (c store.Code, err error) {
		err = s.Do(t.Context(), func(ctx context.Context) error {
			if c, err = s.RedeemCode(ctx, hash(1), now); err != nil {
				return err
			}
			return refuse
		})
		return c, err
	}
	_, err := redeem(errRefused) // a wrong verifier does not burn it
	want(t, err, errRefused)
	c, err := redeem(nil)
	want(t, err, nil)
	if !c.RedeemedAt.Equal(now) {
		t.Fatalf("redeemed %+v", c)
	}
	c, err = redeem(nil)
	want(t, err, store.ErrConsumed)
	if c.AuthorizationID != "z" {
		t.Fatalf("the reused code came as %+v", c)
	}
	err = s.Do(t.Context(), func(ctx context.Context) error {
		_, err := s.RedeemCode(ctx, hash(2), now)
		return err
	})
	want(t, err, store.ErrNotFound)
}

func codeRedeemCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	putCode(t, s)
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error {
		_, err := s.RedeemCode(ctx, hash(1), now)
		return err
	}), store.ErrConsumed)
}

func token(b byte) store.RefreshToken {
	return store.RefreshToken{Hash: hash(b), AuthorizationID: "z", ClientID: "c", IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
}

func refreshRotate(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.RefreshTokens, token(1))
	rotate := func(from byte, to store.RefreshToken) error {
		return s.Do(t.Context(), func(ctx context.Context) error { return s.RotateRefreshToken(ctx, hash(from), to, now) })
	}
	foreign := token(3)
	foreign.AuthorizationID = "other"
	if err := rotate(1, foreign); err == nil {
		t.Fatal("a token rotated out of its authorization")
	}
	want(t, rotate(9, token(2)), store.ErrNotFound)
	want(t, rotate(1, token(1)), store.ErrExists)
	want(t, rotate(1, token(2)), nil)
	before := s.Commits()
	want(t, rotate(1, token(2)), nil) // a retry
	if n := s.Commits() - before; n != 0 {
		t.Fatalf("%d commits for a retry", n)
	}
	want(t, rotate(1, token(3)), store.ErrConsumed)
	want(t, rotate(2, token(3)), nil)
	want(t, rotate(3, token(1)), store.ErrExists) // no circles
	old, err := s.RefreshTokens.Get(t.Context(), string(hash(1)))
	want(t, err, nil)
	if !old.RotatedAt.Equal(now) || !bytes.Equal(old.Successor, hash(2)) {
		t.Fatalf("rotated to %+v", old)
	}
	err = s.Do(t.Context(), func(ctx context.Context) error { return s.RefreshTokens.Put(ctx, token(1)) })
	want(t, err, store.ErrConsumed)
}

func refreshRotateCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.RefreshTokens, token(0))
	oneWinner(t, contend(t, s, func(ctx context.Context, i int) error {
		return s.RotateRefreshToken(ctx, hash(0), token(byte(i+1)), now)
	}), store.ErrConsumed)
	all, err := s.RefreshTokens.List(t.Context())
	want(t, err, nil)
	if len(all) != 2 {
		t.Fatalf("%d tokens, want the old and one successor", len(all))
	}
}

// refreshBounded refreshes in a loop: of 101 tokens the last is kept and the
// 32 before it.
func refreshBounded(t *testing.T, e store.Engine) {
	s := on(t, e)
	rotate := func(from, to byte) error {
		return s.Do(t.Context(), func(ctx context.Context) error {
			return s.RotateRefreshToken(ctx, hash(from), token(to), now)
		})
	}
	neighbour := token(200)
	neighbour.AuthorizationID = "other"
	put(t, s, s.RefreshTokens, neighbour)
	put(t, s, s.RefreshTokens, token(0))
	for i := range byte(100) {
		want(t, rotate(i, i+1), nil)
		before := s.Commits()
		want(t, rotate(i, i+1), nil) // a retry
		if n := s.Commits() - before; n != 0 {
			t.Fatalf("%d commits for a retry of rotation %d", n, i)
		}
	}
	all, err := s.RefreshTokens.List(t.Context())
	want(t, err, nil)
	if len(all) != 33+1 {
		t.Fatalf("%d tokens are kept, want 33 and the neighbour", len(all))
	}
	for _, rec := range all {
		switch n := rec.Hash[0]; {
		case n == 200:
		case n == 100:
			if !rec.RotatedAt.IsZero() || len(rec.Ancestors) != 32 || !bytes.Equal(rec.Ancestors[31], hash(99)) {
				t.Errorf("the last is %+v", rec)
			}
		case n < 68 || !rec.RotatedAt.Equal(now) || !bytes.Equal(rec.Successor, hash(n+1)) || rec.Ancestors != nil:
			t.Errorf("kept %+v", rec)
		default:
			want(t, rotate(n, 201), store.ErrConsumed)
		}
	}
	want(t, rotate(67, 68), store.ErrNotFound) // too old for a retry, too
	want(t, rotate(100, 101), nil)
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
