package storetest

import (
	"log/slog"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// Open returns an empty store in memory, closed when the test ends.
func Open(t testing.TB) *store.Store {
	t.Helper()
	return on(t, new(Memory))
}

// on returns a store on the engine, closed when the test ends.
func on(t testing.TB, e store.Engine) *store.Store {
	t.Helper()
	s, err := store.New(e, fixedKeys(7), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
