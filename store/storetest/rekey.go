package storetest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// keyed returns a store with n accounts and what else there is, sealed under
// the keys.
func keyed(t *testing.T, e store.Engine, keys *Keys, n int) *store.Store {
	t.Helper()
	s, err := store.New(e, keys, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	do(t, s, func(ctx context.Context) error {
		for i := range n {
			a := store.Account{ID: fmt.Sprintf("%04d", i), Username: fmt.Sprint("user", i)}
			if err := s.Accounts.Put(ctx, a); err != nil {
				return err
			}
		}
		return s.Keys.Put(ctx, store.Key{ID: "k", Private: []byte("secret")})
	})
	login(t, s, now)
	appendEvents(t, s, 3)
	return s
}

// wantKeyed fails the test unless all that [keyed] has written is there.
func wantKeyed(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for i := range n {
		a, err := s.AccountByUsername(t.Context(), fmt.Sprint("user", i))
		want(t, err, nil)
		if a.ID != fmt.Sprintf("%04d", i) {
			t.Fatalf("user%d is %+v", i, a)
		}
	}
	k, err := s.Keys.Get(t.Context(), "k")
	want(t, err, nil)
	if string(k.Private) != "secret" {
		t.Fatalf("the key is %q", k.Private)
	}
	_, err = s.LivingGrant(t.Context(), "a", "c", "app")
	want(t, err, nil)
	of, err := s.GrantsOf(t.Context(), "", "c")
	want(t, err, nil)
	if len(of) != 1 {
		t.Fatalf("%d grants", len(of))
	}
	if got := seqs(t, t.Context(), s, 0, 10); len(got) != 3 {
		t.Fatalf("%d events", len(got))
	}
	err = s.Do(t.Context(), func(ctx context.Context) error {
		return s.Accounts.Put(ctx, store.Account{ID: "other", Username: "user0"})
	})
	want(t, err, store.ErrExists)
}

// values returns all there is in the buckets of sealed records.
func values(t *testing.T, e store.Engine) (all [][]byte) {
	t.Helper()
	want(t, e.View(func(r store.Reader) error {
		for _, bucket := range []string{"accounts", "grants", "authorizations", "keys", "events"} {
			for _, v := range r.Scan(bucket, store.Range{}) {
				all = append(all, bytes.Clone(v))
			}
		}
		return nil
	}), nil)
	return all
}

func rekeyWhole(t *testing.T, e store.Engine) {
	const n = 600
	e = keepOpen{e}
	keys := new(Keys)
	s := keyed(t, e, keys, n)
	before := values(t, e)
	stolen := keys.clone()
	reported := 0
	want(t, s.Rekey(t.Context(), func(done, total int) {
		if done < reported || done > total {
			t.Errorf("%d of %d are done after %d", done, total, reported)
		}
		reported = done
	}), nil)
	if reported < n {
		t.Errorf("%d records were reported", reported)
	}
	wantKeyed(t, s, n)
	want(t, s.Close(), nil)
	for i, v := range values(t, e) {
		if bytes.Equal(v[:4], before[i][:4]) {
			t.Fatalf("record %d is under the old data key", i)
		}
	}
	s, err := store.New(e, keys, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	wantKeyed(t, s, n)
	want(t, s.Close(), nil)
	_, err = store.New(e, stolen, nil) // the key of before opens nothing any more
	want(t, err, store.ErrSealed)
}

// rekeyInterrupted stops after some of the work, goes on in another process,
// stops again, and ends it in a third.
func rekeyInterrupted(t *testing.T, e store.Engine) {
	const n = 600
	e = keepOpen{e}
	keys := new(Keys)
	s := keyed(t, e, keys, n)
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		want(t, s.Rekey(ctx, func(done, _ int) {
			if done > 300 {
				cancel()
			}
		}), context.Canceled)
		wantKeyed(t, s, n)
		want(t, s.Close(), nil)
		var err error
		s, err = store.New(e, keys, slog.New(slog.DiscardHandler))
		want(t, err, nil)
		wantKeyed(t, s, n)
	}
	want(t, s.Rekey(t.Context(), nil), nil)
	want(t, s.Close(), nil)
	numbers := make(map[string]bool)
	for _, v := range values(t, e) {
		numbers[string(v[:4])] = true
	}
	if len(numbers) != 1 || len(keys.newest) != 1 {
		t.Fatalf("records are under %d data keys, which are under one of %d keys", len(numbers), len(keys.newest))
	}
}

// rekeyUnderLoad writes and reads meanwhile.
func rekeyUnderLoad(t *testing.T, e store.Engine) {
	const n = 600
	s := keyed(t, keepOpen{e}, new(Keys), n)
	defer s.Close()
	var busy sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for i := range 4 {
		busy.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				id := fmt.Sprintf("%04d", (round*7+i)%n)
				err := s.Do(t.Context(), func(ctx context.Context) error {
					a, err := s.Accounts.Get(ctx, id)
					if err != nil {
						return err
					}
					a.Name = fmt.Sprint(round)
					return s.Accounts.Put(ctx, a)
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Accounts.List(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		want(t, s.Rekey(t.Context(), nil), nil)
	}
	cancel()
	busy.Wait()
	wantKeyed(t, s, n)
}
