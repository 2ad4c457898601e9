package storetest

import (
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

func clientLive(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.Clients, store.Client{ID: "kept"})
	put(t, s, s.Clients, store.Client{ID: "new", ExpiresAt: now})
	_, err := s.LiveClient(t.Context(), "kept", now.AddDate(100, 0, 0))
	want(t, err, nil)
	_, err = s.LiveClient(t.Context(), "new", now.Add(-time.Second))
	want(t, err, nil)
	_, err = s.LiveClient(t.Context(), "new", now)
	want(t, err, store.ErrExpired)
	_, err = s.LiveClient(t.Context(), "new", now.Add(-time.Second)) // the clock is set back
	want(t, err, store.ErrNotFound)
}
