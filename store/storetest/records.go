package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// roundTrip stores a record, reads it back, and deletes it.
func roundTrip[T any](t *testing.T, s *store.Store, table store.Table[T], key string, rec T) {
	t.Helper()
	_, err := table.Get(t.Context(), key)
	want(t, err, store.ErrNotFound)
	put(t, s, table, rec)
	got, err := table.Get(t.Context(), key)
	want(t, err, nil)
	if !reflect.DeepEqual(got, rec) {
		t.Errorf("stored %+v, read %+v", rec, got)
	}
	do(t, s, func(ctx context.Context) error { return table.Delete(ctx, key) })
	_, err = table.Get(t.Context(), key)
	want(t, err, store.ErrNotFound)
}

func tableRecords(t *testing.T, e store.Engine) {
	s := on(t, e)
	h, words := []byte{0, 1, 255}, []string{"a", "b"}
	parameters := map[string][]string{"scope": words}
	roundTrip(t, s, s.Clients, "c", store.Client{ID: "c", Name: "n", RedirectURIs: words, Scopes: words, Identities: words, SecretHash: h, CreatedAt: now})
	roundTrip(t, s, s.Accounts, "a", store.Account{ID: "a", Username: "u", Name: "n", CreatedAt: now})
	roundTrip(t, s, s.Grants, "g", store.Grant{ID: "g", AccountID: "a", ClientID: "c", Identity: "i", Scopes: words, CreatedAt: now, UpdatedAt: now, RevokedAt: now})
	roundTrip(t, s, s.Authorizations, "z", store.Authorization{ID: "z", GrantID: "g", AccountID: "a", ClientID: "c", Identity: "i",
		Scopes: words, Resources: words, Nonce: "n", AuthTime: now, CreatedAt: now, ExpiresAt: now, EndedAt: now, EndReason: "r",
		Code:    store.Code{Hash: h, RedirectURI: "u", Challenge: "x", DPoPKey: "k", ExpiresAt: now, RedeemedAt: now},
		Refresh: store.RefreshTokens{Last: h, IssuedAt: now, ExpiresAt: now, Rotated: [][]byte{h, h}, Rotations: 3}})
	roundTrip(t, s, s.PushedRequests, string(h), store.PushedRequest{Hash: h, ClientID: "c", Identity: "i", Parameters: parameters, ExpiresAt: now, DecidedAt: now})
	roundTrip(t, s, s.Keys, "k", store.Key{ID: "k", Use: "sig", Algorithm: "ES256", Private: h, CreatedAt: now, RetiredAt: now})
	roundTrip(t, s, s.Preferences, "preferences", store.Preferences{Language: "ar", Session: time.Hour})
	roundTrip(t, s, s.Credentials, "\x01a\x03pin", store.Credential{AccountID: "a", Kind: "pin", Salt: h, Hash: h, Time: 1, Memory: 2, Threads: 3, Failures: 4, TriedAt: now, CreatedAt: now})
}

// tablePages reads more records than are read at once, and writes meanwhile.
func tablePages(t *testing.T, e store.Engine) {
	s := on(t, e)
	const n = 250
	do(t, s, func(ctx context.Context) error {
		for i := range n {
			if err := s.Clients.Put(ctx, client(fmt.Sprintf("%03d", i))); err != nil {
				return err
			}
		}
		return nil
	})
	i := 0
	for c, err := range s.Clients.All(t.Context()) {
		want(t, err, nil)
		if c.ID != fmt.Sprintf("%03d", i) {
			t.Fatalf("%d: %s", i, c.ID)
		}
		if i == 50 {
			do(t, s, func(ctx context.Context) error { return s.Clients.Delete(ctx, "249") })
		}
		i++
	}
	if i != n-1 {
		t.Fatalf("%d records, want %d", i, n-1)
	}
	for range s.Clients.All(t.Context()) {
		break
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Clients.All(ended) {
		want(t, err, context.Canceled)
	}
}

func tableRefuses(t *testing.T, e store.Engine) {
	s := on(t, e)
	for name, c := range map[string]store.Client{
		"no key":       {},
		"long key":     client(string(make([]byte, 5000))),
		"large record": {ID: "c", Name: string(make([]byte, 2<<20))},
	} {
		err := s.Do(t.Context(), func(ctx context.Context) error { return s.Clients.Put(ctx, c) })
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	wantClients(t, s)
}

func tableSealed(t *testing.T, e store.Engine) {
	w := &wrapped{Engine: e}
	s := on(t, w)
	secret := []byte("a private key nobody may read")
	parameters := map[string][]string{"login_hint": {"hidden hint"}}
	want(t, s.PutInteraction(store.Interaction{ID: "i", ClientID: "hidden client", Parameters: parameters, ExpiresAt: now}), nil)
	do(t, s, func(ctx context.Context) error {
		g, err := s.UpsertGrant(ctx, "hidden account", "hidden client", "hidden app", []string{"hidden scope"}, now)
		return errors.Join(err,
			s.Clients.Put(ctx, client("in the clear")),
			s.Accounts.Put(ctx, store.Account{ID: "1", Username: "hidden username", Name: "hidden name"}),
			s.Authorizations.Put(ctx, store.Authorization{ID: "z", GrantID: g.ID, AccountID: "hidden account", ClientID: "hidden client", Nonce: "hidden nonce"}),
			s.PushedRequests.Put(ctx, store.PushedRequest{Hash: hash(1), ClientID: "hidden client", Parameters: parameters}),
			s.Events.Append(ctx, store.Event{Kind: "hidden kind", AccountID: "hidden account", Executable: "hidden executable"}),
			s.Keys.Put(ctx, store.Key{ID: "k", Use: "hidden use", Private: secret}),
			s.Launches.Put(ctx, store.Launch{ID: "l", Identity: "hidden app", FetchHash: secret}),
			s.Upstreams.Put(ctx, store.Upstream{Endpoint: "https://lrs.example", Username: "hidden name", Password: "hidden password"}),
			s.Credentials.Put(ctx, store.Credential{AccountID: "a", Kind: "pin", Hash: secret}))
	})
	written := w.written.Bytes()
	if !bytes.Contains(written, []byte("in the clear")) || !bytes.Contains(written, []byte("undecided")) {
		t.Fatal("the test does not see what is written")
	}
	for _, hidden := range []string{string(secret), base64.StdEncoding.EncodeToString(secret), "hidden"} {
		if bytes.Contains(written, []byte(hidden)) {
			t.Errorf("%q was written", hidden)
		}
	}
	k, err := s.Keys.Get(t.Context(), "k")
	want(t, err, nil)
	if !bytes.Equal(k.Private, secret) {
		t.Errorf("read %q", k.Private)
	}
}

func tableOtherKey(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.Keys, store.Key{ID: "k", Private: []byte("secret")})
	_, err := store.New(e, fixedKeys(8), nil)
	want(t, err, store.ErrSealed)
	// A record that another record's sealed bytes were copied over.
	want(t, e.Update(func(tx store.Tx) error { return tx.Put("keys", []byte("other"), tx.Get("keys", []byte("k"))) }), nil)
	_, err = s.Keys.Get(t.Context(), "other")
	want(t, err, store.ErrSealed)
	want(t, e.Update(func(tx store.Tx) error { return tx.Put("keys", []byte("k"), []byte("altered")) }), nil)
	_, err = s.Keys.Get(t.Context(), "k")
	want(t, err, store.ErrSealed)
	_, err = s.Keys.List(t.Context())
	want(t, err, store.ErrSealed)
	do(t, s, func(ctx context.Context) error { return s.Keys.Delete(ctx, "k") }) // the way out
	put(t, s, s.Keys, store.Key{ID: "k", Private: []byte("new")})
}

func schemaNewer(t *testing.T, e store.Engine) {
	on(t, e)
	for mark, target := range map[string]error{"999": store.ErrNewerSchema, "0": store.ErrCorrupt, "x": store.ErrCorrupt} {
		want(t, e.Update(func(tx store.Tx) error { return tx.Put("meta", []byte("schema"), []byte(mark)) }), nil)
		_, err := store.New(e, fixedKeys(7), nil)
		want(t, err, target)
	}
}

func accountUniqueUsername(t *testing.T, e store.Engine) {
	s := on(t, e)
	put(t, s, s.Accounts, store.Account{ID: "1", Username: "ada"})
	taken := func() error {
		return s.Do(t.Context(), func(ctx context.Context) error {
			return s.Accounts.Put(ctx, store.Account{ID: "2", Username: "ada"})
		})
	}
	want(t, taken(), store.ErrExists)
	put(t, s, s.Accounts, store.Account{ID: "1", Username: "ada", Name: "Ada"}) // its own
	put(t, s, s.Accounts, store.Account{ID: "1", Username: "lovelace"})
	_, err := s.AccountByUsername(t.Context(), "ada")
	want(t, err, store.ErrNotFound)
	want(t, taken(), nil) // free now
	a, err := s.AccountByUsername(t.Context(), "lovelace")
	want(t, err, nil)
	if a.ID != "1" {
		t.Fatalf("found %+v", a)
	}
	do(t, s, func(ctx context.Context) error { return s.Accounts.Delete(ctx, "1") })
	_, err = s.AccountByUsername(t.Context(), "lovelace")
	want(t, err, store.ErrNotFound)
}
