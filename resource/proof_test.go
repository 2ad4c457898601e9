package resource_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/resource"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestProofs: a token that is bound to a key (RFC 9449 section 7).
func TestProofs(t *testing.T) {
	key, other := newKey(t), newKey(t)
	proofs := new(dpop.Verifier)
	guard := newGuard(t)
	guard.Proofs = proofs
	known := guard.Introspector.(tokens)
	known["keyed"] = resource.Token{Subject: "amina", Scopes: []string{"notes"}, Audience: []string{audience}, DPoPKey: jose.Key{Public: key.Public()}.Thumbprint()}
	reached := 0
	h := guard.Require("notes", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))

	made := func(key *ecdsa.PrivateKey, method, at, nonce, token string) string {
		proof, err := dpop.New(key, method, at, nonce, token)
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	nonce := proofs.Nonce()
	good := func() string { return made(key, "GET", audience+"/notes", nonce, "keyed") }
	used := good()
	for _, test := range []struct {
		name   string
		header string
		proofs []string
		status int
		error  string // of the first challenge
	}{
		{"good", "DPoP keyed", []string{used}, 200, ""},
		{"the scheme in lower case", "dpop keyed", []string{good()}, 200, ""},
		{"the proof again", "DPoP keyed", []string{used}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof", algs="ES256 EdDSA"`},
		{"no proof", "DPoP keyed", nil, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"two proofs", "DPoP keyed", []string{good(), good()}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"no nonce", "DPoP keyed", []string{made(key, "GET", audience+"/notes", "", "keyed")}, 401, `DPoP realm="https://auth.example", error="use_dpop_nonce"`},
		{"for another token", "DPoP keyed", []string{made(key, "GET", audience+"/notes", nonce, "good")}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"for no token", "DPoP keyed", []string{made(key, "GET", audience+"/notes", nonce, "")}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"for another method", "DPoP keyed", []string{made(key, "POST", audience+"/notes", nonce, "keyed")}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"for another path", "DPoP keyed", []string{made(key, "GET", audience+"/other", nonce, "keyed")}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"for the host of the request", "DPoP keyed", []string{made(key, "GET", "https://evil.example/notes", nonce, "keyed")}, 401, `DPoP realm="https://auth.example", error="invalid_dpop_proof"`},
		{"by another key", "DPoP keyed", []string{made(other, "GET", audience+"/notes", nonce, "keyed")}, 401, `DPoP realm="https://auth.example", error="invalid_token"`},
		{"as a bearer token", "Bearer keyed", nil, 401, `Bearer realm="https://auth.example", error="invalid_token"`},
		{"as a bearer token with a proof", "Bearer keyed", []string{good()}, 401, `Bearer realm="https://auth.example", error="invalid_token"`},
		{"a bearer token with a proof", "DPoP good", []string{made(key, "GET", audience+"/notes", nonce, "good")}, 401, `DPoP realm="https://auth.example", error="invalid_token"`},
		{"a bearer token as such, with a proof nobody asked for", "Bearer good", []string{good()}, 200, ""},
		{"a revoked one", "DPoP gone", []string{made(key, "GET", audience+"/notes", nonce, "gone")}, 401, `DPoP realm="https://auth.example", error="invalid_token"`},
		{"no token after the scheme", "DPoP", nil, 400, `DPoP realm="https://auth.example", error="invalid_request"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := reached
			r := httptest.NewRequestWithContext(t.Context(), "GET", "https://evil.example/notes", nil) // the Host is anybody's word
			r.Header.Set("Authorization", test.header)
			r.Header[http.CanonicalHeaderKey(dpop.Field)] = test.proofs
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), test.error) || (reached > before) != (test.status == 200) {
				t.Errorf("%d %q (reached: %v), want %d %q", w.Code, w.Header().Get("WWW-Authenticate"), reached > before, test.status, test.error)
			}
			if got := w.Header().Get(dpop.NonceField); got != map[bool]string{true: proofs.Nonce()}[len(test.proofs) > 0] {
				t.Errorf("nonce %q", got)
			}
		})
	}
}

// TestAGuardKeepsItsOwnProofs: an API app needs nothing but its audience.
func TestAGuardKeepsItsOwnProofs(t *testing.T) {
	key := newKey(t)
	for _, test := range []struct {
		audience, origin, at string
		status               int
	}{
		{"https://notes.example", "", "https://notes.example/notes", 200},
		{"https://notes.example/api", "", "https://notes.example/notes", 200},
		{"urn:example:notes", "https://notes.example", "https://notes.example/notes", 200},
		{"urn:example:notes", "", "https://notes.example/notes", 401},
	} {
		guard := newGuard(t)
		guard.Audience, guard.Origin = test.audience, test.origin
		guard.Introspector = tokens{"keyed": {Audience: []string{test.audience}, DPoPKey: jose.Key{Public: key.Public()}.Thumbprint()}}
		h := guard.Require("", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		var nonce string
		for _, status := range []int{401, test.status} {
			proof, err := dpop.New(key, "GET", test.at, nonce, "keyed")
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(t.Context(), "GET", test.at, nil)
			r.Header.Set("Authorization", "DPoP keyed")
			r.Header.Set(dpop.Field, proof)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if nonce = w.Header().Get(dpop.NonceField); w.Code != status || nonce == "" {
				t.Errorf("%s: %d with nonce %q, want %d", test.audience, w.Code, nonce, status)
			}
		}
	}
}
