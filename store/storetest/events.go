package storetest

import (
	"context"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// seqs returns the numbers of the newest events.
func seqs(t testing.TB, ctx context.Context, s *store.Store, before uint64, limit int) (seqs []uint64) {
	t.Helper()
	events, err := s.Events.Newest(ctx, before, limit)
	want(t, err, nil)
	for _, e := range events {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func appendEvents(t testing.TB, s *store.Store, n int) {
	t.Helper()
	do(t, s, func(ctx context.Context) error {
		for range n {
			if err := s.Events.Append(ctx, store.Event{Time: now, Kind: "approved", UID: -1, PID: -1}); err != nil {
				return err
			}
		}
		return nil
	})
}

func eventTrail(t *testing.T, e store.Engine) {
	s := on(t, e)
	if got := seqs(t, t.Context(), s, 0, 10); got != nil {
		t.Fatalf("an empty trail has %d", got)
	}
	appendEvents(t, s, 2)
	do(t, s, func(ctx context.Context) error {
		err := s.Events.Append(ctx, store.Event{Kind: "denied"})
		if got := seqs(t, ctx, s, 0, 2); len(got) != 2 || got[0] != 3 || got[1] != 2 {
			t.Errorf("inside: %d", got)
		}
		return err
	})
	if got := seqs(t, t.Context(), s, 3, 10); len(got) != 2 || got[0] != 2 || got[1] != 1 {
		t.Fatalf("before 3: %d", got)
	}
	if got := seqs(t, t.Context(), s, 0, 0); got != nil {
		t.Fatalf("none asked for, got %d", got)
	}
}

func eventBounded(t *testing.T, e store.Engine) {
	s := on(t, e)
	for range 10 {
		appendEvents(t, s, 1000)
	}
	for _, c := range []struct {
		more   int
		oldest uint64
	}{{99, 1}, {1, 101}, {3, 101}} {
		appendEvents(t, s, c.more)
		all := seqs(t, t.Context(), s, 0, 20_000)
		if all[len(all)-1] != c.oldest || len(all) != int(all[0]-c.oldest+1) {
			t.Fatalf("%d events are kept, of %d", len(all), all[0])
		}
	}
}
