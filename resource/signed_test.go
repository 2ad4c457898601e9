package resource_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/resource"
)

// An issuing app signs tokens, and serves the keys it has at present over IPC.
type issuing struct {
	*testing.T
	keys    map[string]crypto.Signer
	fetched atomic.Int32
	broken  atomic.Bool
}

func newIssuing(t *testing.T) *issuing {
	return &issuing{T: t, keys: map[string]crypto.Signer{"one": newKey(t)}}
}

func (i *issuing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.fetched.Add(1)
	if i.broken.Load() {
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	var set struct {
		Keys []jose.Key `json:"keys"`
	}
	for id, k := range i.keys {
		set.Keys = append(set.Keys, jose.Key{ID: id, Public: k.Public()})
	}
	_ = json.NewEncoder(w).Encode(set)
}

func (i *issuing) introspector() *resource.Signed {
	return &resource.Signed{
		Issuer:  audience,
		KeysURL: audience + "/jwks",
		Client:  &http.Client{Transport: ipcapi.Local(i, ipcapi.Caller{})},
	}
}

// token signs a good token, with changes: nil removes a claim.
func (i *issuing) token(kid string, changes map[string]any) string {
	i.Helper()
	claims := jwt.MapClaims{
		"iss": audience, "sub": "amina", "client_id": "maths", "aud": []string{audience}, "scope": "openid notes",
		"iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(), "jti": "1", "sid": "2",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	typ, _ := changes["typ"].(string)
	delete(claims, "typ")
	return i.sign(kid, typ, claims)
}

func (i *issuing) sign(kid, typ string, claims jwt.MapClaims) string {
	i.Helper()
	var method jwt.SigningMethod = jwt.SigningMethodES256
	if _, ed := i.keys[kid].(ed25519.PrivateKey); ed {
		method = jwt.SigningMethodEdDSA
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"], token.Header["typ"] = kid, "at+jwt"
	if typ != "" {
		token.Header["typ"] = typ
	}
	signed, err := token.SignedString(i.keys[kid])
	if err != nil {
		i.Fatal(err)
	}
	return signed
}

func TestSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newIssuing(t)
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		app.keys["two"] = ed
		signed := app.introspector()
		for _, kid := range []string{"one", "two"} {
			token, err := signed.Introspect(t.Context(), app.token(kid, map[string]any{"cnf": map[string]string{"app": "uid:10012", "jkt": "thumb"}}))
			if err != nil || token.Subject != "amina" || token.ClientID != "maths" || len(token.Scopes) != 2 || token.Audience[0] != audience ||
				token.App != "uid:10012" || token.DPoPKey != "thumb" || !token.ExpiresAt.Equal(time.Now().Add(5*time.Minute)) {
				t.Errorf("%+v, %v", token, err)
			}
		}
		now := time.Now()
		for name, changes := range map[string]map[string]any{
			"another issuer":               {"iss": "https://evil.example"},
			"expired":                      {"iat": now.Add(-5 * time.Minute).Unix(), "exp": now.Unix()},
			"too long":                     {"exp": now.Add(5*time.Minute + time.Second).Unix()},
			"for ever":                     {"exp": nil},
			"no beginning":                 {"iat": nil},
			"from the future":              {"iat": now.Add(2 * time.Minute).Unix(), "exp": now.Add(6 * time.Minute).Unix()},
			"of an overflowing time":       {"iat": int64(1), "exp": int64(1)<<62 + 1},
			"of nobody":                    {"sub": nil},
			"of no client":                 {"client_id": nil},
			"an ID token":                  {"typ": "JWT"},
			"confirmed in an unknown way":  {"cnf": map[string]string{"x5t#S256": "certificate"}},
			"confirmed by an unknown too":  {"cnf": map[string]string{"app": "uid:10012", "kid": "key"}},
			"confirmed by nothing at all":  {"cnf": map[string]string{"app": ""}},
			"confirmed by something else":  {"cnf": map[string]any{"app": 1}},
			"an audience that is a number": {"aud": 1},
		} {
			if token, err := signed.Introspect(t.Context(), app.token("one", changes)); !errors.Is(err, resource.ErrInvalidToken) {
				t.Errorf("%s: %+v, %v", name, token, err)
			}
		}
		other := newIssuing(t)
		for name, token := range map[string]string{"forged": other.token("one", nil), "nonsense": "nonsense", "empty": ""} {
			if token, err := signed.Introspect(t.Context(), token); !errors.Is(err, resource.ErrInvalidToken) {
				t.Errorf("%s: %+v, %v", name, token, err)
			}
		}
		if n := app.fetched.Load(); n != 1 {
			t.Errorf("the keys were fetched %d times", n)
		}
	})
}

func TestSignedFollowsTheKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newIssuing(t)
		signed := app.introspector()
		want := func(name, token string, want error, fetched int32) {
			t.Helper()
			if _, err := signed.Introspect(t.Context(), token); !errors.Is(err, want) || app.fetched.Load() != fetched {
				t.Errorf("%s: %v, fetched %d times", name, err, app.fetched.Load())
			}
		}
		want("the first", app.token("one", nil), nil, 1)
		app.keys["new"] = newKey(t)
		want("a key that is new", app.token("new", nil), nil, 2)

		// Unknown keys do not make the API ask again and again.
		stranger := &issuing{T: t, keys: map[string]crypto.Signer{"unknown": newKey(t)}}
		want("unknown", stranger.token("unknown", nil), resource.ErrInvalidToken, 2)
		time.Sleep(time.Minute)
		want("unknown, later", stranger.token("unknown", nil), resource.ErrInvalidToken, 3)
		want("unknown, at once", stranger.token("unknown", nil), resource.ErrInvalidToken, 3)

		// A key that is withdrawn is gone within the hour.
		withdrawn := app.keys["one"]
		delete(app.keys, "one")
		time.Sleep(time.Hour)
		old := &issuing{T: t, keys: map[string]crypto.Signer{"one": withdrawn}}
		want("withdrawn", old.token("one", nil), resource.ErrInvalidToken, 4)
	})
}

// TestSignedCannotTell: an issuer that is away is no reason to call a token bad.
func TestSignedCannotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newIssuing(t)
		signed := app.introspector()
		app.broken.Store(true)
		if _, err := signed.Introspect(t.Context(), app.token("one", nil)); err == nil || errors.Is(err, resource.ErrInvalidToken) {
			t.Errorf("at first: %v", err)
		}
		app.broken.Store(false)
		if _, err := signed.Introspect(t.Context(), app.token("one", nil)); err != nil {
			t.Errorf("then: %v", err)
		}
		app.broken.Store(true)
		time.Sleep(59 * time.Minute)
		if _, err := signed.Introspect(t.Context(), app.token("one", nil)); err != nil {
			t.Errorf("with keys: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := signed.Introspect(t.Context(), app.token("one", nil)); err == nil || errors.Is(err, resource.ErrInvalidToken) {
			t.Errorf("with old keys: %v", err)
		}
	})
}

// TestSignedWaitsNotForEver: a service that is frozen answers nobody.
func TestSignedWaitsNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newIssuing(t)
		signed := app.introspector()
		signed.Client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		if _, err := signed.Introspect(t.Context(), app.token("one", nil)); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, resource.ErrInvalidToken) {
			t.Errorf("%v", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSignedTakesNobodyElsesKeys(t *testing.T) {
	app := newIssuing(t)
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the redirect was followed")
		io.WriteString(w, `{"keys":[]}`)
	}))
	defer thief.Close()
	signed := app.introspector()
	signed.Client = http.DefaultClient
	here := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusFound))
	defer here.Close()
	signed.KeysURL = here.URL
	if _, err := signed.Introspect(t.Context(), app.token("one", nil)); err == nil || errors.Is(err, resource.ErrInvalidToken) {
		t.Errorf("%v", err)
	}
}

// TestSignedTokensAreBoundToo: the guard compares with the caller that the API's own system names.
func TestSignedTokensAreBoundToo(t *testing.T) {
	app := newIssuing(t)
	guard := newGuard(t)
	guard.Introspector = app.introspector()
	bound := app.token("one", map[string]any{"cnf": map[string]string{"app": "uid:10012"}})
	elsewhere := app.token("one", map[string]any{"aud": "https://elsewhere.example"})
	for _, test := range []struct {
		token, caller string
		status        int
	}{
		{bound, "uid:10012", 200},
		{bound, "uid:10013", 401},
		{bound, "", 401},
		{elsewhere, "uid:10012", 401},
		{app.token("one", nil), "", 200},
	} {
		r := httptest.NewRequestWithContext(ipcapi.WithCaller(t.Context(), ipcapi.Caller{Identity: test.caller}), "GET", audience+"/notes", nil)
		r.Header.Set("Authorization", "Bearer "+test.token)
		w := httptest.NewRecorder()
		guard.Require("notes", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("presented by %q: %d, want %d", test.caller, w.Code, test.status)
		}
	}
}
