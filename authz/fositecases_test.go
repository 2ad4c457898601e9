package authz_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store/storetest"
)

// The tests in this file ask what fosite v0.49.0's own tests ask of its handlers and of
// a storage beneath them, of this server and its store: written anew, from the behaviour.
// Those of flows that are not here (implicit, hybrid, password, client credentials, JWT
// bearer, form_post, plain PKCE, client assertions) do not apply; that they are refused
// is shown by TestTokenRequestsAreJudgedByTheirForm and TestBeginRefuses. Redirect URIs
// are judged by linkhandler, with vectors; authentication of clients is in
// TestClientAuthentication.

// Authorization code: its redirect and its redemption.
func TestFositeCasesOfTheCode(t *testing.T) {
	t.Run("the redirect carries what RFC 6749 names, and no scope", func(t *testing.T) {
		d := newDesk(t)
		launch, err := d.server.Approve(t.Context(), d.begin(link(nil)).ID, authz.Decision{AccountID: d.account.ID})
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(launch.URI, "?")
		values, err := url.ParseQuery(query)
		if got := slices.Sorted(maps.Keys(values)); err != nil || !slices.Equal(got, []string{"code", "ipc-service", "iss", "state"}) {
			t.Errorf("parameters %q, %v", got, err)
		}
	})
	for name, test := range map[string]struct {
		change func(d *desk, form url.Values)
		status int
		code   string
	}{
		"unknown code":                     {func(_ *desk, f url.Values) { f.Set("code", "a.b") }, 400, "invalid_grant"},
		"the code, shortened":              {func(_ *desk, f url.Values) { f.Set("code", f.Get("code")[1:]) }, 400, "invalid_grant"},
		"the code, with something behind":  {func(_ *desk, f url.Values) { f.Set("code", f.Get("code")+"A") }, 400, "invalid_grant"},
		"another client":                   {func(_ *desk, f url.Values) { f.Set("client_id", "other") }, 400, "invalid_grant"},
		"redirect URI left out":            {func(_ *desk, f url.Values) { f.Del("redirect_uri") }, 400, "invalid_grant"},
		"another redirect URI of its own":  {func(_ *desk, f url.Values) { f.Set("redirect_uri", "com.example.maths:/other") }, 400, "invalid_grant"},
		"a client that lost its scopes":    {func(d *desk, _ url.Values) { d.maths("profile") }, 200, ""}, // decided while it had them
		"a client that lost the flow":      {func(d *desk, f url.Values) { d.must(d.server.Unregister(d.Context(), "maths")) }, 401, "invalid_client"},
		"an account that is gone":          {func(d *desk, f url.Values) { d.must(d.server.RemoveAccount(d.Context(), "amina")) }, 400, "invalid_grant"},
		"verifier of 42 characters":        {func(_ *desk, f url.Values) { f.Set("code_verifier", verifier[1:]) }, 400, "invalid_grant"},
		"verifier of 129 characters":       {func(_ *desk, f url.Values) { f.Set("code_verifier", strings.Repeat("v", 129)) }, 400, "invalid_grant"},
		"verifier with other characters":   {func(_ *desk, f url.Values) { f.Set("code_verifier", verifier[1:]+"(") }, 400, "invalid_grant"},
		"the challenge as its verifier":    {func(_ *desk, f url.Values) { f.Set("code_verifier", challengeOf(verifier)) }, 400, "invalid_grant"},
		"verifier in other letters":        {func(_ *desk, f url.Values) { f.Set("code_verifier", strings.ToUpper(verifier)) }, 400, "invalid_grant"},
		"a scope, which means nothing now": {func(_ *desk, f url.Values) { f.Set("scope", "offline_access") }, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.register(authz.Registration{ID: "other", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
			d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI, "com.example.maths:/other"}, Scopes: []string{"openid", "profile"}})
			form := codeForm(d.approve(link(nil)).Code)
			test.change(d, form)
			a := d.expect(test.status, test.code, d.post("/token", form))
			if test.status == http.StatusOK && a.text("scope") != "openid profile" {
				t.Errorf("scope %q", a.text("scope"))
			}
		})
	}
}

// maths registers the client anew, with these scopes.
func (d *desk) maths(scopes ...string) {
	d.Helper()
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: scopes})
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// Refresh tokens: who gets one, what a refresh asks, how long it lives.
func TestFositeCasesOfTheRefreshToken(t *testing.T) {
	for name, test := range map[string]struct {
		change func(d *desk, tokens answer, form url.Values)
		status int
		code   string
	}{
		"without offline_access":         {func(*desk, answer, url.Values) {}, 200, ""}, // every login has one
		"unknown":                        {func(_ *desk, _ answer, f url.Values) { f.Set("refresh_token", "some.token") }, 400, "invalid_grant"},
		"the access token in its place":  {func(_ *desk, a answer, f url.Values) { f.Set("refresh_token", a.text("access_token")) }, 400, "invalid_grant"},
		"another client":                 {func(_ *desk, _ answer, f url.Values) { f.Set("client_id", "other") }, 400, "invalid_grant"},
		"a scope the client lost":        {func(d *desk, _ answer, _ url.Values) { d.maths("openid") }, 400, "invalid_scope"},
		"a scope that was not granted":   {func(_ *desk, _ answer, f url.Values) { f.Set("scope", "offline_access") }, 400, "invalid_scope"},
		"an API that was not granted":    {func(_ *desk, _ answer, f url.Values) { f.Set("resource", "https://notes.example") }, 400, "invalid_target"},
		"a moment before its idle end":   {func(*desk, answer, url.Values) { time.Sleep(90*24*time.Hour - time.Second) }, 200, ""},
		"at its idle end":                {func(*desk, answer, url.Values) { time.Sleep(90 * 24 * time.Hour) }, 400, "invalid_grant"},
		"after its login was ended":      {func(d *desk, a answer, _ url.Values) { d.revoke(a.text("access_token")) }, 400, "invalid_grant"},
		"after its grant was revoked":    {func(d *desk, _ answer, _ url.Values) { d.must(d.server.RevokeGrant(d.Context(), d.onlyGrant().ID)) }, 400, "invalid_grant"},
		"after its account was removed":  {func(d *desk, _ answer, _ url.Values) { d.must(d.server.RemoveAccount(d.Context(), "amina")) }, 400, "invalid_grant"},
		"after the code was used again":  {func(d *desk, _ answer, _ url.Values) { d.post("/token", codeForm(d.lastCode)) }, 400, "invalid_grant"},
		"after the signing key was lost": {func(d *desk, _ answer, _ url.Values) { d.rotate(authz.Rotation{Discard: true}) }, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.register(authz.Registration{ID: "other", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
				d.lastCode = d.approve(link(nil)).Code
				tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.lastCode)))
				form := refreshForm(tokens.text("refresh_token"))
				test.change(d, tokens, form)
				a := d.expect(test.status, test.code, d.post("/token", form))
				if test.status == http.StatusOK && (a.text("access_token") == tokens.text("access_token") || a.text("refresh_token") == tokens.text("refresh_token") || a.text("id_token") == "" || a.text("scope") != "openid profile") {
					t.Errorf("answer %v", a.body)
				}
			})
		})
	}
}

func (d *desk) revoke(token string) {
	d.Helper()
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {token}}))
}

// OpenID Connect: who gets an ID token, and about whom.
func TestFositeCasesOfOpenIDConnect(t *testing.T) {
	for _, test := range []struct {
		name, scope string
		idToken     bool
	}{{"with openid", "openid", true}, {"openid among others", "profile openid", true}, {"without openid", "profile", false}} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t)
			tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.approve(link(map[string][]string{"scope": {test.scope}})).Code)))
			for range 2 { // and after a refresh
				if (tokens.text("id_token") != "") != test.idToken {
					t.Errorf("answer %v", tokens.body)
				}
				tokens = d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token"))))
			}
		})
	}
	t.Run("narrowed to no openid", func(t *testing.T) {
		d := newDesk(t)
		form := refreshForm(d.login().text("refresh_token"))
		form.Set("scope", "profile")
		if a := d.expect(http.StatusOK, "", d.post("/token", form)); a.text("id_token") != "" || a.text("scope") != "profile" {
			t.Errorf("answer %v", a.body)
		}
	})
	t.Run("each is of its own time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			tokens := d.login()
			first := parseJWT(t, tokens.text("id_token")).Claims.(jwt.MapClaims)
			time.Sleep(time.Hour)
			second := parseJWT(t, d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token")))).text("id_token")).Claims.(jwt.MapClaims)
			// OpenID Connect Core section 12.2
			if second["iat"].(float64)-first["iat"].(float64) != 3600 || second["auth_time"] != first["auth_time"] || second["sub"] != first["sub"] || second["at_hash"] == first["at_hash"] || second["nonce"] != nil {
				t.Errorf("first %v, then %v", first, second)
			}
		})
	})
}

// Pushed requests: they are judged as links are.
func TestFositeCasesOfPushedRequests(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "loop", RedirectURIs: []string{"http://127.0.0.1/cb"}, Scopes: []string{"openid"}})
	secret := d.register(authz.Registration{ID: "server", RedirectURIs: []string{"https://app.example.com/cb"}, Scopes: []string{"openid"}, Secret: true})
	for _, test := range []struct {
		name    string
		changes map[string][]string
		status  int
		code    string
	}{
		{"good", nil, 201, ""},
		{"no state", map[string][]string{"state": nil}, 201, ""},
		{"a short state", map[string][]string{"state": {"s"}}, 201, ""},
		{"no scope", map[string][]string{"scope": nil}, 201, ""},
		{"response_mode=query", map[string][]string{"response_mode": {"query"}}, 201, ""},
		{"any port of loopback", map[string][]string{"client_id": {"loop"}, "redirect_uri": {"http://127.0.0.1:4711/cb"}, "scope": {"openid"}}, 201, ""},
		{"a client with its secret", map[string][]string{"client_id": {"server"}, "client_secret": {secret}, "redirect_uri": {"https://app.example.com/cb"}, "scope": {"openid"}}, 201, ""},
		{"without its secret", map[string][]string{"client_id": {"server"}, "redirect_uri": {"https://app.example.com/cb"}, "scope": {"openid"}}, 401, "invalid_client"},
		{"a wrong secret", map[string][]string{"client_id": {"server"}, "client_secret": {"guess"}, "redirect_uri": {"https://app.example.com/cb"}, "scope": {"openid"}}, 401, "invalid_client"},
		{"no redirect URI", map[string][]string{"redirect_uri": nil}, 400, "invalid_request"},
		{"an invalid redirect URI", map[string][]string{"redirect_uri": {"invalid"}}, 400, "invalid_request"},
		{"no response type", map[string][]string{"response_type": nil}, 400, "invalid_request"},
		{"response type token", map[string][]string{"response_type": {"token"}}, 400, "unsupported_response_type"},
		{"response type code token", map[string][]string{"response_type": {"code token"}}, 400, "unsupported_response_type"},
		{"a scope that is not the client's", map[string][]string{"scope": {"openid offline_access"}}, 400, "invalid_scope"},
		{"a repeated parameter", map[string][]string{"nonce": {"a", "b"}}, 400, "invalid_request"},
		{"response_mode=fragment", map[string][]string{"response_mode": {"fragment"}}, 400, "invalid_request"},
		{"an unknown response mode", map[string][]string{"response_mode": {"unknown"}}, 400, "invalid_request"},
		{"a request object", map[string][]string{"request": {"a.b.c"}}, 400, "request_not_supported"},
		{"an API given twice", map[string][]string{"resource": {issuer, issuer}}, 201, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.T = t
			a := d.expect(test.status, test.code, d.post("/par", pushForm(test.changes)))
			if test.status == http.StatusCreated && (!strings.HasPrefix(a.text("request_uri"), "urn:ietf:params:oauth:request_uri:") || a.body["expires_in"] != 600.0 || a.header.Get("Cache-Control") != "no-store") {
				t.Errorf("answer %v %v", a.header, a.body)
			}
		})
	}
}

// What cannot be written has not happened: neither the first nor the second half.
func TestFositeCasesOfTheTransaction(t *testing.T) {
	st, broken := storetest.Breakable(t)
	d := newDesk(t, func(c *authz.Config) { c.Store = st })
	during := func(f func()) {
		broken.Store(true)
		defer broken.Store(false)
		f()
	}

	i := d.begin(link(nil))
	during(func() {
		_, err := d.server.Approve(t.Context(), i.ID, authz.Decision{AccountID: d.account.ID})
		if refusal := refused(t, err, "server_error"); strings.Contains(refusal.Description, storetest.ErrDisk.Error()) {
			t.Errorf("description %q", refusal.Description)
		}
	})
	if grants, err := d.store.Grants.List(t.Context()); err != nil || len(grants) != 0 {
		t.Errorf("grants %+v, %v", grants, err)
	}
	launch, err := d.server.Approve(t.Context(), i.ID, authz.Decision{AccountID: d.account.ID})
	if err != nil {
		t.Fatal(err)
	}
	response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil {
		t.Fatal(err)
	}

	form := codeForm(response.Code)
	during(func() { d.expect(http.StatusInternalServerError, "server_error", d.post("/token", form)) })
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))

	form = refreshForm(tokens.text("refresh_token"))
	during(func() { d.expect(http.StatusInternalServerError, "server_error", d.post("/token", form)) })
	refreshed := d.expect(http.StatusOK, "", d.post("/token", form))

	// A reuse whose consequence could not be written is a failure, not a refusal.
	during(func() {
		d.expect(http.StatusInternalServerError, "server_error", d.post("/token", codeForm(response.Code)))
		d.expect(http.StatusInternalServerError, "server_error", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {refreshed.text("access_token")}}))
		d.expect(http.StatusInternalServerError, "server_error", d.post("/par", pushForm(nil)))
		if err := d.server.RevokeGrant(t.Context(), d.onlyGrant().ID); err == nil {
			t.Error("a grant was revoked on a broken disk")
		}
		if _, err := d.server.RotateKey(t.Context(), authz.Rotation{}); err == nil {
			t.Error("a key was rotated on a broken disk")
		}
	})
	if !d.live(refreshed.text("access_token")) {
		t.Error("half of something happened")
	}
	d.expect(http.StatusOK, "", d.post("/token", refreshForm(refreshed.text("refresh_token"))))
	if keys := d.signingKeys(); len(keys) != 1 || kidOf(t, d.login().text("id_token")) != keys[0].ID {
		t.Errorf("keys %+v", keys)
	}
}
