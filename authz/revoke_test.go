package authz_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
)

func TestRevocation(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "other", RedirectURIs: []string{"com.example.other:/done"}, Scopes: []string{"openid"}})
	tokens := d.login()
	for _, test := range []struct {
		name   string
		form   url.Values
		status int
		code   string
	}{
		{"no token", url.Values{"client_id": {"maths"}}, 400, "invalid_request"},
		{"no client", url.Values{"token": {tokens.text("refresh_token")}}, 401, "invalid_client"},
		{"unknown token", url.Values{"client_id": {"maths"}, "token": {"unknown"}}, 200, ""},
		{"unknown hint", url.Values{"client_id": {"maths"}, "token": {"unknown"}, "token_type_hint": {"pac"}}, 200, ""},
		{"ID token", url.Values{"client_id": {"maths"}, "token": {tokens.text("id_token")}}, 200, ""},
		{"another client's refresh token", url.Values{"client_id": {"other"}, "token": {tokens.text("refresh_token")}}, 200, ""},
		{"another client's access token", url.Values{"client_id": {"other"}, "token": {tokens.text("access_token")}}, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := d.store.Commits()
			a := d.expect(test.status, test.code, d.post("/revoke", test.form))
			if test.status == 200 && len(a.body) > 0 {
				t.Errorf("answer %v", a.body)
			}
			written := d.store.Commits() - before
			if strings.HasPrefix(test.name, "another client") {
				written-- // into the audit trail
			}
			if written != 0 || !d.live(tokens.text("access_token")) {
				t.Error("something was revoked")
			}
		})
	}
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("refresh_token")}}))
	if d.live(tokens.text("access_token")) {
		t.Error("the rightful client's word did not count")
	}
}

func TestARotatedRefreshTokenStillRevokes(t *testing.T) {
	d := newDesk(t)
	first := d.login()
	second := d.expect(http.StatusOK, "", d.post("/token", refreshForm(first.text("refresh_token"))))
	third := d.expect(http.StatusOK, "", d.post("/token", refreshForm(second.text("refresh_token"))))
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {first.text("refresh_token")}}))
	if d.live(third.text("access_token")) {
		t.Error("the login goes on")
	}
}

func TestAnotherAppCannotRevoke(t *testing.T) {
	d := newDesk(t)
	d.caller.Identity = "uid:10012"
	tokens := d.login()
	d.caller.Identity = "uid:10013"
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("refresh_token")}}))
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("access_token")}}))
	if !d.live(tokens.text("access_token")) {
		t.Error("another app ended the login")
	}
}
