package storetest

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// checkWhole finds nothing wrong with a store after everything that is done to
// one, and changes nothing.
func checkWhole(t *testing.T, e store.Engine) {
	s := keyed(t, keepOpen{e}, new(Keys), 300)
	defer s.Close()
	expiring(t, s, 1, 10, now)
	expiring(t, s, 2, 10, now.AddDate(1, 0, 0))
	putLogin(t, s, "y", 1)
	want(t, s.PutInteraction(interaction("i")), nil)
	do(t, s, func(ctx context.Context) error { return rotate(ctx, s, "y", 1, 2, now) })
	do(t, s, func(ctx context.Context) error { return s.EndAuthorization(ctx, "z", "logout", now) })
	do(t, s, func(ctx context.Context) error {
		g, err := s.LivingGrant(ctx, "a", "c", "app")
		if err != nil {
			return err
		}
		return s.RevokeGrant(ctx, g.ID, now)
	})
	do(t, s, func(ctx context.Context) error { return s.Accounts.Delete(ctx, "0007") })
	reported := 0
	for range 2 {
		before := s.Commits()
		report, err := s.Check(t.Context(), func(done, total int) {
			if done > total {
				t.Errorf("%d of %d", done, total)
			}
			reported = done
		})
		want(t, err, nil)
		if len(report.Problems) > 0 || report.Records < 600 || reported < 600 {
			t.Fatalf("%+v, %d were reported", report, reported)
		}
		if s.Commits() != before {
			t.Error("a check has written")
		}
		sweep(t, s, now.AddDate(0, 0, 1), 0, 11)
		want(t, s.Rekey(t.Context(), nil), nil)
		expiring(t, s, 1, 10, now)
		put(t, s, s.PushedRequests, store.PushedRequest{Hash: hash(1), ExpiresAt: now})
	}
}

// checkFinds alters what is beneath the store, and sees that it is told.
func checkFinds(t *testing.T, e store.Engine) {
	e = keepOpen{e}
	s := keyed(t, e, new(Keys), 3)
	defer s.Close()
	expiring(t, s, 1, 2, now)
	for _, c := range []struct {
		name  string
		spoil func(tx store.Tx) error
		told  string
	}{
		{"a sealed record", func(tx store.Tx) error {
			altered := bytes.Clone(tx.Get("accounts", []byte("0001")))
			altered[20] ^= 1
			return tx.Put("accounts", []byte("0001"), altered)
		}, "accounts 30303031: store: accounts: sealed"},
		{"an open record", func(tx store.Tx) error { return tx.Put("clients", []byte{1, 0, 0}, []byte("{")) }, "clients 010000: store: clients: damaged"},
		{"a lost record", func(tx store.Tx) error { return tx.Delete("pushed requests", []byte{1, 0, 1}) }, "expiry 0000"},
		{"a lost entry", func(tx store.Tx) error {
			var entry []byte
			for k := range tx.Scan("living grants", store.Range{}) {
				entry = bytes.Clone(k)
			}
			return tx.Delete("living grants", entry)
		}, "is not in the index living grants"},
		{"a lost entry of several", func(tx store.Tx) error {
			var entry []byte
			for k := range tx.Scan("grants by client", store.Range{}) {
				entry = bytes.Clone(k)
			}
			return tx.Delete("grants by client", entry)
		}, "is not in the index grants by client"},
		{"an entry too many", func(tx store.Tx) error { return tx.Put("accounts by username", hash(9), []byte("0002")) }, "accounts by username 0909"},
		{"an event", func(tx store.Tx) error { return tx.Put("events", []byte{0, 0, 0, 0, 0, 0, 0, 2}, hash(9)) }, "events 0000000000000002"},
	} {
		want(t, e.Update(c.spoil), nil)
		report, err := s.Check(t.Context(), nil)
		want(t, err, nil)
		if all := strings.Join(report.Problems, "\n"); !strings.Contains(all, c.told) {
			t.Errorf("%s is not told: %s", c.name, all)
		}
	}
	want(t, e.Update(func(tx store.Tx) error {
		for i := range 200 {
			if err := tx.Put("clients", []byte{9, byte(i)}, []byte("x")); err != nil {
				return err
			}
		}
		return nil
	}), nil)
	report, err := s.Check(t.Context(), nil)
	want(t, err, nil)
	if len(report.Problems) != 100 || report.More < 100 {
		t.Errorf("%d problems and %d more", len(report.Problems), report.More)
	}
}

func checkInterrupted(t *testing.T, e store.Engine) {
	s := keyed(t, keepOpen{e}, new(Keys), 300)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Check(ctx, func(done, _ int) {
		if done > 10 {
			cancel()
		}
	})
	want(t, err, context.Canceled)
}
