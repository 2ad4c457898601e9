package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

func interaction(id string) store.Interaction {
	return store.Interaction{ID: id, ClientID: "c", Parameters: map[string][]string{"state": {"s"}}, CreatedAt: now, ExpiresAt: now.Add(time.Minute)}
}

// decide decides an interaction, and then refuses if refuse is not nil.
func decide(t testing.TB, s *store.Store, id string, refuse error) (i store.Interaction, err error) {
	t.Helper()
	err = s.Do(t.Context(), func(ctx context.Context) error {
		if i, err = s.DecideInteraction(ctx, id, now); err != nil {
			return err
		}
		return refuse
	})
	return i, err
}

func interactionWaits(t *testing.T, e store.Engine) {
	s := on(t, e)
	want(t, s.PutInteraction(interaction("i")), nil)
	want(t, s.PutInteraction(interaction("i")), store.ErrExists)
	if n := s.Commits(); n != 0 {
		t.Fatalf("%d commits for what waits", n)
	}
	_, err := s.Interaction("none", now)
	want(t, err, store.ErrNotFound)
	_, err = decide(t, s, "none", nil)
	want(t, err, store.ErrNotFound)
	_, err = decide(t, s, "i", errRefused)
	want(t, err, errRefused)
	i, err := s.Interaction("i", now) // waits again
	want(t, err, nil)
	if i.Parameters["state"][0] != "s" {
		t.Fatalf("waits as %+v", i)
	}
	i, err = decide(t, s, "i", nil)
	want(t, err, nil)
	if i.Parameters["state"][0] != "s" {
		t.Fatalf("decided as %+v", i)
	}
	_, err = s.Interaction("i", now)
	want(t, err, store.ErrConsumed)
	want(t, s.PutInteraction(interaction("i")), store.ErrConsumed)
	if n := s.Commits(); n != 0 {
		t.Fatalf("%d commits for what was never written", n)
	}
}

func interactionBounded(t *testing.T, e store.Engine) {
	s := on(t, e)
	for i := range 1001 {
		want(t, s.PutInteraction(interaction(fmt.Sprint(i))), nil)
	}
	_, err := s.Interaction("0", now)
	want(t, err, store.ErrNotFound)
	for _, id := range []string{"1", "1000"} {
		_, err := s.Interaction(id, now)
		want(t, err, nil)
	}
}

func interactionDecideCrowd(t *testing.T, e store.Engine) {
	s := on(t, e)
	want(t, s.PutInteraction(interaction("i")), nil)
	oneWinner(t, contend(t, s, func(ctx context.Context, _ int) error {
		_, err := s.DecideInteraction(ctx, "i", now)
		return err
	}), store.ErrConsumed)
}

func interactionDecidePushedOnce(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.PushedRequests, store.PushedRequest{Hash: hash(1), ClientID: "c", ExpiresAt: now.Add(time.Minute)})
	first, second := interaction("first"), interaction("second")
	first.PushedHash, second.PushedHash = hash(1), hash(1)
	want(t, s.PutInteraction(first), nil)
	want(t, s.PutInteraction(second), store.ErrExists)
	found, err := s.PushedInteraction(hash(1), now)
	want(t, err, nil)
	if found.ID != "first" {
		t.Fatalf("found %+v", found)
	}
	for _, h := range [][]byte{hash(2), nil} {
		_, err = s.PushedInteraction(h, now)
		want(t, err, store.ErrNotFound)
	}
	_, err = decide(t, s, "first", nil)
	want(t, err, nil)
	_, err = s.LivePushedRequest(t.Context(), hash(1), now)
	want(t, err, store.ErrConsumed)
	want(t, s.PutInteraction(second), nil) // by a caller who did not look
	_, err = decide(t, s, "second", nil)
	want(t, err, store.ErrConsumed)
}
