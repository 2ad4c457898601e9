package authz_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// publishedKeys reads the JWKS as a stranger would (RFC 7517, RFC 7518 section 6.2.1).
func (d *desk) publishedKeys() map[string]*ecdsa.PublicKey {
	d.Helper()
	keys := map[string]*ecdsa.PublicKey{}
	for _, entry := range d.document(issuer + "/jwks").body["keys"].([]any) {
		k := entry.(map[string]any)
		if k["kty"] != "EC" || k["crv"] != "P-256" || k["use"] != "sig" || k["alg"] != "ES256" || k["d"] != nil {
			d.Errorf("key %v", k)
		}
		point := slices.Concat([]byte{4}, d.coordinate(k["x"]), d.coordinate(k["y"])) // SEC 1 section 2.3.3
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		if err != nil {
			d.Error(err)
		}
		keys[k["kid"].(string)] = key
	}
	return keys
}

func (d *desk) coordinate(value any) []byte {
	d.Helper()
	b, err := base64.RawURLEncoding.DecodeString(value.(string))
	if err != nil || len(b) != 32 {
		d.Errorf("a coordinate of %d bytes, %v", len(b), err)
	}
	return b
}

func TestPublishedKeysVerifyWhatIsSigned(t *testing.T) {
	d := newDesk(t)
	keys := d.publishedKeys()
	tokens := d.login()
	for _, name := range []string{"access_token", "id_token"} {
		token, err := jwt.Parse(tokens.text(name), func(t *jwt.Token) (any, error) { return keys[t.Header["kid"].(string)], nil }, jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(issuer))
		if err != nil || !token.Valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyIDsAreThumbprints(t *testing.T) {
	d := newDesk(t)
	for _, entry := range d.document(issuer + "/jwks").body["keys"].([]any) {
		k := entry.(map[string]any)
		// RFC 7638 section 3.2: the required members, in this order, without spaces.
		sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k["x"].(string) + `","y":"` + k["y"].(string) + `"}`))
		if want := base64.RawURLEncoding.EncodeToString(sum[:]); k["kid"] != want {
			t.Errorf("kid %v, want %s", k["kid"], want)
		}
	}
}

func TestKeysSurviveTheStoreBeingReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offlineauth.db")
	open := func() *store.Store {
		st, err := store.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	first := newDesk(t, func(c *authz.Config) { c.Store = open() })
	tokens := first.login()
	successor := first.expect(http.StatusOK, "", first.post("/token", refreshForm(tokens.text("refresh_token")))).text("refresh_token")
	if err := first.store.Close(); err != nil {
		t.Fatal(err)
	}

	st := open()
	defer st.Close()
	server, err := authz.New(t.Context(), authz.Config{Issuer: issuer, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	second := &desk{T: t, server: server, store: st, caller: first.caller}
	if !second.live(tokens.text("access_token")) {
		t.Error("the access token was signed with another key")
	}
	if again := second.expect(http.StatusOK, "", second.post("/token", refreshForm(tokens.text("refresh_token")))); again.text("refresh_token") != successor {
		t.Error("a refresh that is repeated after the restart has another successor")
	}
	if keys := second.publishedKeys(); len(keys) != 1 {
		t.Errorf("%d keys", len(keys))
	}
}

func TestTokensOfAnotherServerAreNotOurs(t *testing.T) {
	ours, theirs := newDesk(t), newDesk(t)
	if ours.live(theirs.login().text("access_token")) {
		t.Error("the token of another server is in force here")
	}
}

func TestForgedTokens(t *testing.T) {
	d := newDesk(t)
	good := parseJWT(t, d.login().text("access_token"))
	for name, sign := range map[string]func() (string, error){
		"none": func() (string, error) {
			return jwt.NewWithClaims(jwt.SigningMethodNone, good.Claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
		},
		"HMAC with the public key": func() (string, error) {
			token := jwt.NewWithClaims(jwt.SigningMethodHS256, good.Claims)
			token.Header["kid"], token.Header["typ"] = good.Header["kid"], "at+jwt"
			public, err := d.publishedKeys()[good.Header["kid"].(string)].Bytes()
			if err != nil {
				return "", err
			}
			return token.SignedString(public)
		},
	} {
		forged, err := sign()
		if err != nil {
			t.Fatal(err)
		}
		if d.live(forged) {
			t.Errorf("%s is in force", name)
		}
	}
}
