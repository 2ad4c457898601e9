package authz_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
)

func TestIntrospectionIsForAuthenticatedAPIAppsAlone(t *testing.T) {
	d := newDesk(t)
	confidential := d.register(authz.Registration{ID: "no-api", RedirectURIs: []string{redirectURI}, Secret: true})
	d.register(authz.Registration{ID: "attested-api", Resources: []string{issuer}, Identities: []string{"uid:7"}})
	token := d.login().text("access_token")
	for _, test := range []struct {
		name, identity string
		form           url.Values
		status         int
		code           string
	}{
		{"public client", "", url.Values{"client_id": {"maths"}}, 401, "invalid_client"},
		{"confidential client without a resource", "", url.Values{"client_id": {"no-api"}, "client_secret": {confidential}}, 401, "invalid_client"},
		{"nobody", "", url.Values{}, 401, "invalid_client"},
		{"attested", "uid:7", url.Values{"client_id": {"attested-api"}}, 200, ""},
		{"attested as another", "uid:8", url.Values{"client_id": {"attested-api"}}, 401, "invalid_client"},
		{"not attested", "", url.Values{"client_id": {"attested-api"}}, 401, "invalid_client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.form.Set("token", token)
			caller := d.caller
			caller.Identity = test.identity
			a := d.expect(test.status, test.code, d.postAs(t.Context(), caller, "/introspect", test.form))
			if active := a.body["active"]; test.status == 200 && active != true || test.status != 200 && active != nil {
				t.Errorf("answer %v", a.body)
			}
		})
	}
}

func TestIntrospectionSaysWhatATokenAllows(t *testing.T) {
	d := newDesk(t)
	d.caller.Identity = "uid:10012"
	secret := d.register(authz.Registration{ID: "api", Resources: []string{issuer}, Secret: true})
	access := d.login().text("access_token")
	d.caller.Identity = "" // the API is another app
	a := d.expect(http.StatusOK, "", d.post("/introspect", url.Values{"client_id": {"api"}, "client_secret": {secret}, "token": {access}}))
	for name, want := range map[string]any{
		"active": true, "scope": "openid profile", "client_id": "maths", "token_type": "Bearer", "sub": d.account.ID, "iss": issuer,
	} {
		if a.body[name] != want {
			t.Errorf("%s is %v, want %v", name, a.body[name], want)
		}
	}
	if aud := a.body["aud"].([]any); len(aud) != 1 || aud[0] != issuer {
		t.Errorf("aud %v", aud)
	}
	if cnf := a.body["cnf"].(map[string]any); cnf["app"] != "uid:10012" {
		t.Errorf("cnf %v", cnf)
	}
	if life := a.body["exp"].(float64) - a.body["iat"].(float64); life < 599 || life > 601 || a.text("jti") == "" {
		t.Errorf("lives %v s, jti %q", life, a.text("jti"))
	}
}

func TestInactiveSaysNothingElse(t *testing.T) {
	d := newDesk(t)
	secret := d.register(authz.Registration{ID: "notes", Resources: []string{"https://notes.example"}, Secret: true})
	form := codeForm(d.approve(link(map[string][]string{"resource": {"https://notes.example"}})).Code)
	mine := d.expect(http.StatusOK, "", d.post("/token", form))
	revoked := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.approve(link(map[string][]string{"resource": {"https://notes.example"}})).Code)))
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {revoked.text("access_token")}}))
	for name, token := range map[string]string{
		"for another resource": d.login().text("access_token"),
		"revoked":              revoked.text("access_token"),
		"refresh token":        mine.text("refresh_token"),
		"ID token":             mine.text("id_token"),
		"altered":              mine.text("access_token") + "A",
		"garbage":              "\x00..",
	} {
		t.Run(name, func(t *testing.T) {
			a := d.expect(http.StatusOK, "", d.post("/introspect", url.Values{"client_id": {"notes"}, "client_secret": {secret}, "token": {token}}))
			if !maps.Equal(a.body, map[string]any{"active": false}) {
				t.Errorf("answer %v", a.body)
			}
		})
	}
	a := d.post("/introspect", url.Values{"client_id": {"notes"}, "client_secret": {secret}, "token": {mine.text("access_token")}})
	if a.body["active"] != true {
		t.Errorf("the good token: %v", a.body)
	}
	d.expect(http.StatusBadRequest, "invalid_request", d.post("/introspect", url.Values{"client_id": {"notes"}, "client_secret": {secret}}))
}

func TestIntrospectionThatCannotTellIsNoAnswer(t *testing.T) {
	d := newDesk(t)
	access := d.login().text("access_token")
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := d.server.Introspect(t.Context(), access)
	refused(t, err, "temporarily_unavailable")
}

func TestALoginThatIsOverIssuesNothing(t *testing.T) {
	d := newDesk(t, func(c *authz.Config) { c.Lifetimes = authz.Lifetimes{RefreshTotal: time.Nanosecond} })
	form := codeForm(d.approve(link(nil)).Code)
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
}

// TestTokensForAnAPIMayBeShort: one that checks signatures alone wants it so.
func TestTokensForAnAPIMayBeShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		const notes, files = "https://notes.example", "https://files.example"
		d.register(authz.Registration{ID: "notes", Resources: []string{notes}, Secret: true, TokenLifetime: 5 * time.Minute})
		d.register(authz.Registration{ID: "files", Resources: []string{files}, Secret: true, TokenLifetime: 20 * time.Minute})
		tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.approve(link(map[string][]string{"resource": {issuer, notes, files}})).Code)))
		life := func(tokens answer) time.Duration {
			token, err := d.server.Introspect(t.Context(), tokens.text("access_token"))
			if err != nil {
				t.Fatal(err)
			}
			if said := time.Duration(tokens.body["expires_in"].(float64)) * time.Second; said != time.Until(token.ExpiresAt) {
				t.Errorf("expires_in is %s, exp in %s", said, time.Until(token.ExpiresAt))
			}
			return time.Until(token.ExpiresAt)
		}
		if got := life(tokens); got != 5*time.Minute {
			t.Errorf("for all: %s", got)
		}
		for resource, want := range map[string]time.Duration{issuer: 10 * time.Minute, notes: 5 * time.Minute, files: 10 * time.Minute} {
			form := refreshForm(tokens.text("refresh_token"))
			form.Set("resource", resource)
			tokens = d.expect(http.StatusOK, "", d.post("/token", form))
			if got := life(tokens); got != want {
				t.Errorf("for %s: %s, want %s", resource, got, want)
			}
		}
	})
}
