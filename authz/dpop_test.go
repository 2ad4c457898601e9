package authz_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/jose/dpop"
)

// A holder is a client with a key of its own.
type holder struct {
	*desk
	key *ecdsa.PrivateKey
}

func (d *desk) holder() holder {
	d.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.Fatal(err)
	}
	return holder{d, key}
}

func (h holder) thumbprint() string { return jose.Key{Public: h.key.Public()}.Thumbprint() }

// proven adds a good proof for the endpoint.
func (h holder) proven(path string) func(*http.Request) {
	return func(r *http.Request) {
		proof, err := dpop.New(h.key, http.MethodPost, issuer+path, h.server.Proofs().Nonce(), "")
		if err != nil {
			h.Fatal(err)
		}
		r.Header.Set(dpop.Field, proof)
	}
}

func (h holder) token(form url.Values) answer {
	h.Helper()
	return h.post("/token", form, h.proven("/token"))
}

// keyOf is what the access token is bound to.
func (d *desk) keyOf(tokens answer) string {
	d.Helper()
	token, err := d.server.Introspect(d.Context(), tokens.text("access_token"))
	if err != nil {
		d.Fatal(err)
	}
	return token.DPoPKey
}

func TestDPoPLogin(t *testing.T) {
	d := newDesk(t)
	h, thief := d.holder(), d.holder()
	before := d.store.Commits()
	tokens := d.expect(http.StatusOK, "", h.token(codeForm(d.approve(link(nil)).Code)))
	if got := d.store.Commits() - before; got != 2 {
		t.Errorf("a login took %d commits", got)
	}
	if tokens.text("token_type") != "DPoP" || d.keyOf(tokens) != h.thumbprint() || tokens.header.Get(dpop.NonceField) == "" {
		t.Errorf("%v %v", tokens.body, tokens.header)
	}

	refresh := refreshForm(tokens.text("refresh_token"))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refresh))
	d.expect(http.StatusBadRequest, "invalid_grant", thief.token(refresh))
	if !d.live(tokens.text("access_token")) {
		t.Error("a thief ended the login")
	}
	refreshed := d.expect(http.StatusOK, "", h.token(refresh))
	if refreshed.text("token_type") != "DPoP" || d.keyOf(refreshed) != h.thumbprint() {
		t.Errorf("%v", refreshed.body)
	}

	// Without the key, a replayed code ends nothing; with it, it does.
	code := d.approve(link(nil)).Code
	tokens = d.expect(http.StatusOK, "", h.token(codeForm(code)))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", codeForm(code)))
	d.expect(http.StatusBadRequest, "invalid_grant", thief.token(codeForm(code)))
	if !d.live(tokens.text("access_token")) {
		t.Error("a thief's replay of the code ended the login")
	}
	d.expect(http.StatusBadRequest, "invalid_grant", h.token(codeForm(code)))
	if d.live(tokens.text("access_token")) {
		t.Error("a replay by the client itself ends nothing")
	}
}

func TestWithoutAProofTheTokenIsABearerToken(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	if tokens.text("token_type") != "Bearer" || d.keyOf(tokens) != "" || tokens.header.Get(dpop.NonceField) != "" {
		t.Errorf("%v %v", tokens.body, tokens.header)
	}
	// A client that begins to use DPoP gets a bound access token. Its refresh token
	// stays as it was: else whoever stole it could take it away from the client.
	h := d.holder()
	bound := d.expect(http.StatusOK, "", h.token(refreshForm(tokens.text("refresh_token"))))
	if bound.text("token_type") != "DPoP" || d.keyOf(bound) != h.thumbprint() {
		t.Errorf("%v", bound.body)
	}
	d.expect(http.StatusOK, "", d.post("/token", refreshForm(bound.text("refresh_token"))))
}

func TestProofsThatAreRefused(t *testing.T) {
	d := newDesk(t)
	h := d.holder()
	form := codeForm(d.approve(link(nil)).Code)
	made := func(method, at, nonce, token string) []string {
		proof, err := dpop.New(h.key, method, at, nonce, token)
		if err != nil {
			t.Fatal(err)
		}
		return []string{proof}
	}
	nonce := d.server.Proofs().Nonce()
	for name, test := range map[string]struct {
		proofs []string
		code   string
	}{
		"no nonce":         {made("POST", issuer+"/token", "", ""), "use_dpop_nonce"},
		"another nonce":    {made("POST", issuer+"/token", "invented", ""), "use_dpop_nonce"},
		"another method":   {made("GET", issuer+"/token", nonce, ""), "invalid_dpop_proof"},
		"another endpoint": {made("POST", issuer+"/par", nonce, ""), "invalid_dpop_proof"},
		"with a token":     {made("POST", issuer+"/token", nonce, "token"), "invalid_dpop_proof"},
		"two proofs":       {append(made("POST", issuer+"/token", nonce, ""), made("POST", issuer+"/token", nonce, "")...), "invalid_dpop_proof"},
		"nonsense":         {[]string{"nonsense"}, "invalid_dpop_proof"},
		"nothing":          {[]string{""}, "invalid_dpop_proof"},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.store.Commits()
			a := d.expect(http.StatusBadRequest, test.code, d.post("/token", form, func(r *http.Request) { r.Header[http.CanonicalHeaderKey(dpop.Field)] = test.proofs }))
			if a.text("error_description") == "" || d.store.Commits() != before {
				t.Errorf("%v, %d commits", a.body, d.store.Commits()-before)
			}
		})
	}
	d.expect(http.StatusOK, "", h.token(form)) // none of it used the code up
}

func TestANonceIsGivenToWhoeverNeedsOne(t *testing.T) {
	d := newDesk(t)
	h := d.holder()
	form := codeForm(d.approve(link(nil)).Code)
	send := func(nonce string) answer {
		return d.post("/token", form, func(r *http.Request) {
			proof, err := dpop.New(h.key, http.MethodPost, issuer+"/token", nonce, "")
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(dpop.Field, proof)
		})
	}
	nonce := d.expect(http.StatusBadRequest, "use_dpop_nonce", send("")).header.Get(dpop.NonceField)
	next := d.expect(http.StatusOK, "", send(nonce)).header.Get(dpop.NonceField)
	if nonce == "" || next == "" {
		t.Errorf("nonces %q, %q", nonce, next)
	}
}

// TestCodesAreBoundToAKey: dpop_jkt in a link, a proof with a pushed request, or both (RFC 9449 section 10).
func TestCodesAreBoundToAKey(t *testing.T) {
	d := newDesk(t)
	h, other := d.holder(), d.holder()
	named := map[string][]string{"dpop_jkt": {h.thumbprint()}}
	for name, started := range map[string]func() string{
		"named in the link":    func() string { return link(named) },
		"named when pushed":    func() string { return d.push(pushForm(named)) },
		"proven when pushed":   func() string { return d.push(pushForm(nil), h.proven("/par")) },
		"named and proven":     func() string { return d.push(pushForm(named), h.proven("/par")) },
		"pushed and confirmed": func() string { return d.push(pushForm(named)) + "&dpop_jkt=" + other.thumbprint() }, // only what was pushed counts
	} {
		t.Run(name, func(t *testing.T) {
			form := codeForm(d.approve(started()).Code)
			d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
			d.expect(http.StatusBadRequest, "invalid_grant", other.token(form))
			if tokens := d.expect(http.StatusOK, "", h.token(form)); d.keyOf(tokens) != h.thumbprint() {
				t.Errorf("bound to %q", d.keyOf(tokens))
			}
		})
	}
	d.expect(http.StatusBadRequest, "invalid_dpop_proof", d.post("/par", pushForm(named), other.proven("/par")))
	d.expect(http.StatusBadRequest, "invalid_dpop_proof", d.post("/par", pushForm(nil), h.proven("/token")))
}

// TestAKeyMayRetry is the lost answer of a refresh long ago (RFC 9700 section 4.14).
func TestAKeyMayRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		h := d.holder()
		lost := refreshForm(d.expect(http.StatusOK, "", h.token(codeForm(d.approve(link(nil)).Code))).text("refresh_token"))
		first := d.expect(http.StatusOK, "", h.token(lost))
		time.Sleep(24 * time.Hour)
		again := d.expect(http.StatusOK, "", h.token(lost))
		if again.text("refresh_token") != first.text("refresh_token") {
			t.Error("the retry has another successor")
		}
		d.expect(http.StatusOK, "", h.token(refreshForm(again.text("refresh_token"))))
		d.expect(http.StatusBadRequest, "invalid_grant", h.token(lost))
		if d.live(again.text("access_token")) {
			t.Error("reuse after the successor was used ends nothing")
		}
	})
}

func TestAKeyIsNotNeededToRevoke(t *testing.T) {
	d := newDesk(t)
	tokens := d.expect(http.StatusOK, "", d.holder().token(codeForm(d.approve(link(nil)).Code)))
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("refresh_token")}}))
	if d.live(tokens.text("access_token")) {
		t.Error("it lives on")
	}
}

func TestIntrospectionNamesTheKey(t *testing.T) {
	d := newDesk(t)
	secret := d.register(authz.Registration{ID: "notes", Resources: []string{issuer}, Secret: true})
	h := d.holder()
	tokens := d.expect(http.StatusOK, "", h.token(codeForm(d.approve(link(nil)).Code)))
	a := d.expect(http.StatusOK, "", d.post("/introspect", url.Values{"client_id": {"notes"}, "client_secret": {secret}, "token": {tokens.text("access_token")}}))
	confirm, _ := a.body["cnf"].(map[string]any)
	if a.text("token_type") != "DPoP" || confirm["jkt"] != h.thumbprint() || len(confirm) != 1 {
		t.Errorf("%v", a.body)
	}
}

// TestAnAttestedCallerMayHaveAKeyToo: then both must be shown.
func TestAnAttestedCallerMayHaveAKeyToo(t *testing.T) {
	d := newDesk(t)
	d.caller.Identity = mathsApp
	h := d.holder()
	tokens := d.expect(http.StatusOK, "", h.token(codeForm(d.approve(link(nil)).Code)))
	d.bound(tokens, mathsApp)
	if d.keyOf(tokens) != h.thumbprint() {
		t.Errorf("bound to %q", d.keyOf(tokens))
	}
	d.caller.Identity = otherApp
	d.expect(http.StatusBadRequest, "invalid_grant", h.token(refreshForm(tokens.text("refresh_token"))))
	d.caller.Identity = mathsApp
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(tokens.text("refresh_token"))))
}

func TestAProofFromAnotherOriginsPathIsForThatPath(t *testing.T) {
	d := newDesk(t, func(c *authz.Config) { c.Issuer = issuer + "/school/a" })
	h := d.holder()
	proof, err := dpop.New(h.key, http.MethodPost, issuer+"/school/a/token", d.server.Proofs().Nonce(), "")
	if err != nil {
		t.Fatal(err)
	}
	form := refreshForm("unknown")
	d.expect(http.StatusBadRequest, "invalid_dpop_proof", d.post("/school/a/token", form, h.proven("/token")))
	a := d.post("/school/a/token", form, func(r *http.Request) { r.Header.Set(dpop.Field, proof) })
	if d.expect(http.StatusBadRequest, "invalid_grant", a); strings.Contains(a.text("error_description"), "DPoP") {
		t.Errorf("%v", a.body)
	}
}
