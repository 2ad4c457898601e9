package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

func consentRemembered(t *testing.T, e store.Engine) {
	s := on(t, e)
	g := upsert(t, s, "app", now, "read")
	read, write := store.Permission{Scope: "read"}, store.Permission{Scope: "write"}
	remember := func(c store.Consent) {
		do(t, s, func(ctx context.Context) error { return s.RememberConsent(ctx, g.ID, c) })
	}
	remember(store.Consent{Permissions: []store.Permission{read}, AuthTime: now, ACR: "pin"})
	remember(store.Consent{Permissions: []store.Permission{write, read}, AuthTime: now.Add(time.Hour)})
	upsert(t, s, "app", now, "delete") // does not touch it
	g, err := s.LivingGrant(t.Context(), "a", "c", "app")
	want(t, err, nil)
	if c := g.Consent; len(c.Permissions) != 2 || !c.AuthTime.Equal(now.Add(time.Hour)) || c.ACR != "" {
		t.Fatalf("remembered %+v", c)
	}
	for _, test := range []struct {
		asked  []store.Permission
		covers bool
	}{
		{[]store.Permission{read, write}, true},
		{[]store.Permission{write}, true},
		{nil, false}, // nothing asked is nothing allowed
		{[]store.Permission{read, {Scope: "delete"}}, false},
		{[]store.Permission{{Scope: "read", Resource: "https://api.example"}}, false},
	} {
		if g.Consent.Covers(test.asked) != test.covers {
			t.Errorf("%v: covers is %v", test.asked, !test.covers)
		}
	}
	do(t, s, func(ctx context.Context) error { return s.RevokeGrant(ctx, g.ID, now) })
	if again := upsert(t, s, "app", now, "read"); again.Consent.Covers([]store.Permission{read}) {
		t.Error("a new grant remembers what was revoked")
	}
	want(t, s.Do(t.Context(), func(ctx context.Context) error {
		return s.RememberConsent(ctx, "unknown", store.Consent{})
	}), store.ErrNotFound)
}
