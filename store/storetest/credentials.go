package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// tries counts tries with the PIN of account a. Two are free, then there is a
// minute for each before.
type tries struct {
	t testing.TB
	s *store.Store
}

func newTries(t testing.TB, e store.Engine) tries {
	s := on(t, e)
	put(t, s, s.Credentials, store.Credential{AccountID: "a", Kind: "pin", Hash: hash(1)})
	return tries{t, s}
}

func wait(failures int) time.Duration {
	if failures < 2 {
		return 0
	}
	return time.Duration(failures) * time.Minute
}

func (tr tries) try(at time.Time) error {
	return tr.s.Do(tr.t.Context(), func(ctx context.Context) error {
		_, err := tr.s.TryCredential(ctx, "a", "pin", at, wait)
		return err
	})
}

// early fails the test unless the try has to wait for that long.
func (tr tries) early(at time.Time, left time.Duration) {
	tr.t.Helper()
	err := tr.try(at)
	var early *store.WaitError
	if !errors.As(err, &early) || early.For != left {
		tr.t.Fatalf("error is %v, want to wait for %v", err, left)
	}
}

func credentialThrottled(t *testing.T, e store.Engine) {
	tr := newTries(t, e)
	want(t, tr.try(now), nil)
	want(t, tr.try(now), nil)
	commits := tr.s.Commits()
	tr.early(now, 2*time.Minute)
	tr.early(now.Add(time.Minute), time.Minute) // waiting is not trying
	if tr.s.Commits() != commits {
		t.Error("a refused try was written")
	}
	want(t, tr.try(now.Add(2*time.Minute)), nil)
	tr.early(now.Add(2*time.Minute), 3*time.Minute)
	c, err := tr.s.Credential(t.Context(), "a", "pin")
	want(t, err, nil)
	if c.Failures != 3 {
		t.Errorf("%d tries are counted", c.Failures)
	}
	err = tr.s.Do(t.Context(), func(ctx context.Context) error {
		_, err := tr.s.TryCredential(ctx, "a", "password", now, wait)
		return err
	})
	want(t, err, store.ErrNotFound)
}

// credentialTryCrowd: who tries all at once has no more tries than others, and
// a request that fails afterwards has tried.
func credentialTryCrowd(t *testing.T, e store.Engine) {
	tr := newTries(t, e)
	tried := 0
	for _, err := range contend(t, tr.s, func(ctx context.Context, _ int) error {
		if _, err := tr.s.TryCredential(ctx, "a", "pin", now, wait); err != nil {
			return err
		}
		return errRefused
	}) {
		if errors.Is(err, errRefused) {
			tried++
		}
	}
	if tried != 2 {
		t.Errorf("%d tries at once, want 2", tried)
	}
}

// credentialClockSetBack: the wait begins again, and ends.
func credentialClockSetBack(t *testing.T, e store.Engine) {
	tr := newTries(t, e)
	want(t, tr.try(now), nil)
	want(t, tr.try(now), nil)
	back := now.AddDate(-1, 0, 0)
	tr.early(back, 2*time.Minute)
	tr.early(back.Add(time.Minute), time.Minute)
	want(t, tr.try(back.Add(2*time.Minute)), nil)
}

func credentialProved(t *testing.T, e store.Engine) {
	tr := newTries(t, e)
	want(t, tr.try(now), nil)
	want(t, tr.try(now), nil)
	old, err := tr.s.Credential(t.Context(), "a", "pin")
	want(t, err, nil)
	proved := func() error {
		return tr.s.Do(t.Context(), func(ctx context.Context) error { return tr.s.CredentialProved(ctx, old) })
	}
	want(t, proved(), nil)
	want(t, tr.try(now), nil) // free again
	put(t, tr.s, tr.s.Credentials, store.Credential{AccountID: "a", Kind: "pin", Hash: hash(2)})
	want(t, proved(), store.ErrConsumed)
	do(t, tr.s, func(ctx context.Context) error { return tr.s.DeleteCredential(ctx, "a", "pin") })
	want(t, proved(), store.ErrNotFound)
}
