package client_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
)

// withKey gives the device a store that keeps a key.
func (d *device) withKey() *device {
	d.config.Store = client.WithKey(d.config.Store)
	d.restart()
	return d
}

// wantProofs fails the test unless every request to these paths carried a proof,
// and none a bearer token.
func (d *device) wantProofs(paths ...string) {
	d.Helper()
	seen := map[string]bool{}
	for _, r := range d.app.Requests() {
		seen[r.Path] = seen[r.Path] || r.Proof
		if r.Bearer {
			d.Errorf("a bearer token: %+v", r)
		}
	}
	for _, path := range paths {
		if !seen[path] {
			d.Errorf("no proof came to %s", path)
		}
	}
}

func TestProvenLogin(t *testing.T) {
	eachWay(t, func(t *testing.T, d *device) {
		d.withKey()
		link := d.start()
		if len(parameter(t, link, "dpop_jkt")) != 43 {
			t.Errorf("the link names no key: %s", link)
		}
		hc, err := d.client.Finish(t.Context(), d.accept(link))
		if err != nil {
			t.Fatal(err)
		}
		d.wantUserinfo(hc)
		d.restart()
		stored, err := d.client.HTTPClient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d.wantUserinfo(stored) // the nonce is asked for anew
		if err := d.client.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.wantUserinfo(stored)
		d.wantProofs("/token", "/userinfo")
		if err := d.client.Revoke(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestProvenPushedLogin(t *testing.T) {
	d, _ := newSocketDevice(t)
	d.withKey()
	login, err := d.client.StartPushed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hc, err := d.client.Finish(t.Context(), d.accept(login.URL))
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
	d.wantProofs("/token", "/userinfo")
}

// TestNoncesTurnUnnoticed: a client that was idle has an old one.
func TestNoncesTurnUnnoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t).withKey()
		hc := d.login()
		for range 3 {
			time.Sleep(5 * time.Minute)
			d.wantUserinfo(hc)
		}
	})
}

func TestManyProvenRequestsAtOnce(t *testing.T) {
	d := newDevice(t).withKey()
	hc := d.login()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() { d.wantUserinfo(hc) })
	}
	all.Wait()
}

// TestABodyThatCanBeSentOnceIsSentOnce: a nonce is asked for before.
func TestABodyThatCanBeSentOnceIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t).withKey()
		var got []string
		d.app.Handle("/notes", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if r.Method == http.MethodPost {
				got = append(got, string(body))
			}
		}))
		hc := d.login()
		for _, body := range []io.Reader{io.MultiReader(strings.NewReader("streamed")), strings.NewReader("kept")} {
			time.Sleep(5 * time.Minute)
			response, err := hc.Post(issuer+"/notes", "text/plain", body)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("%v, %v", response, err)
			}
			response.Body.Close()
		}
		if strings.Join(got, " ") != "streamed kept" {
			t.Errorf("the API read %q", got)
		}
	})
}

// TestAStolenLoginNeedsItsKey: what a thief reads from the store, or the network, is not enough.
func TestAStolenLoginNeedsItsKey(t *testing.T) {
	d := newDevice(t)
	plain := d.config.Store.(*client.Memory)
	d.withKey()
	d.login()
	d.config.Store = plain
	d.restart()
	if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrLoginRequired) {
		t.Errorf("without a key: %v", err)
	}
	copied := new(client.Memory)
	d.config.Store = thief{plain, copied}
	d.withKey()
	hc, err := d.client.HTTPClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status, err := d.userinfo(hc); status != http.StatusUnauthorized || err != nil {
		t.Errorf("with another key: %d, %v", status, err)
	}
	if err := d.client.Refresh(t.Context()); !errors.Is(err, client.ErrLoginRequired) {
		t.Errorf("refresh with another key: %v", err)
	}
}

// thief has the login of a store, and not its key.
type thief struct{ stolen, own client.Store }

func (s thief) of(key string) client.Store {
	if strings.HasPrefix(key, "key-") {
		return s.own
	}
	return s.stolen
}

func (s thief) Load(ctx context.Context, key string) ([]byte, error) {
	return s.of(key).Load(ctx, key)
}

func (s thief) Save(ctx context.Context, key string, value []byte) error {
	return s.of(key).Save(ctx, key, value)
}

func (s thief) Delete(ctx context.Context, key string) error { return s.of(key).Delete(ctx, key) }

func TestABearerTokenForAProofIsRefused(t *testing.T) {
	d := newDevice(t).withKey()
	d.intercept("/token", answers(http.StatusOK, "application/json", `{"access_token":"a","token_type":"Bearer","expires_in":600}`))
	var refusal *client.TokenError
	if _, err := d.client.Finish(t.Context(), d.accept(d.start())); !errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
}

// TestServersWithoutDPoP: RFC 9449 section 5.1 says how a client knows.
func TestServersWithoutDPoP(t *testing.T) {
	d := newDevice(t).withKey()
	d.intercept("/.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer, "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/jwks"})
	})
	link := strings.Replace(d.start(), "dpop_jkt", "unknown", 1) // as to a server that ignores it
	hc, err := d.client.Finish(t.Context(), d.accept(link))
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
	for _, r := range d.app.Requests() {
		if r.Proof {
			t.Errorf("a proof was sent: %+v", r)
		}
	}
}

// TestWithoutAKeyNothingChanges, also at a server that knows DPoP.
func TestWithoutAKeyNothingChanges(t *testing.T) {
	d := newDevice(t)
	d.wantUserinfo(d.login())
	bearer := func(r clienttest.Request) bool { return r.Bearer && !r.Proof }
	if all := d.app.Requests(); !bearer(all[len(all)-1]) {
		t.Errorf("%+v", all)
	}
}

func TestAKeyIsMadeOnce(t *testing.T) {
	for name, store := range map[string]client.Store{"memory": nil, "directory": client.Dir(t.TempDir() + "/keys")} {
		t.Run(name, func(t *testing.T) {
			keys := client.WithKey(store)
			first, err := keys.Key(t.Context(), "one")
			if err != nil {
				t.Fatal(err)
			}
			for _, test := range []struct {
				name string
				same bool
			}{{"one", true}, {"two", false}} {
				again, err := keys.Key(t.Context(), test.name)
				if err != nil {
					t.Fatal(err)
				}
				if again.Public().(*ecdsa.PublicKey).Equal(first.Public()) != test.same {
					t.Errorf("%s is the first key: %v", test.name, !test.same)
				}
			}
		})
	}
}
