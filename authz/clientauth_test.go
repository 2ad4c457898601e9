package authz_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
)

func TestClientAuthentication(t *testing.T) {
	d := newDesk(t)
	const api = "an:api%+id" // each of these means something else when it is not encoded
	secret := d.register(authz.Registration{ID: api, Resources: []string{issuer}, Secret: true})
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	header := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Authorization"] = values }
	}
	good := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(api)+":"+secret))
	for _, test := range []struct {
		name      string
		form      url.Values
		apply     func(*http.Request)
		status    int
		code      string
		challenge bool
	}{
		{"basic", nil, basic(url.QueryEscape(api), secret), 200, "", false},
		{"basic, scheme in lower case", nil, header("basic" + good[5:]), 200, "", false},
		{"basic and the same client_id", url.Values{"client_id": {api}}, basic(url.QueryEscape(api), secret), 200, "", false},
		{"body", url.Values{"client_id": {api}, "client_secret": {secret}}, nil, 200, "", false},
		{"basic, not encoded", nil, basic(api, secret), 401, "invalid_client", true},
		{"basic, broken encoding", nil, basic("%zz", secret), 401, "invalid_client", true},
		{"basic, wrong secret", nil, basic(url.QueryEscape(api), "guess"), 401, "invalid_client", true},
		{"basic, no secret", nil, basic(url.QueryEscape(api), ""), 401, "invalid_client", true},
		{"basic, nobody", nil, basic("", ""), 401, "invalid_client", true},
		{"basic and another client_id", url.Values{"client_id": {"maths"}}, basic(url.QueryEscape(api), secret), 400, "invalid_request", false},
		{"basic and a secret in the body", url.Values{"client_secret": {secret}}, basic(url.QueryEscape(api), secret), 400, "invalid_request", false},
		{"body, wrong secret", url.Values{"client_id": {api}, "client_secret": {"guess"}}, nil, 401, "invalid_client", false},
		{"body, no secret", url.Values{"client_id": {api}}, nil, 401, "invalid_client", false},
		{"another scheme", url.Values{"client_id": {api}, "client_secret": {secret}}, header("Bearer x"), 401, "invalid_client", true},
		{"not base64", url.Values{"client_id": {api}, "client_secret": {secret}}, header("Basic ?"), 401, "invalid_client", true},
		{"two headers", nil, header(good, good), 401, "invalid_client", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			form := url.Values{"token": {"unknown"}}
			for name, values := range test.form {
				form[name] = values
			}
			a := d.post("/introspect", form, func(r *http.Request) {
				if test.apply != nil {
					test.apply(r)
				}
			})
			d.expect(test.status, test.code, a)
			if got := a.header.Get("WWW-Authenticate"); (got != "") != test.challenge || test.challenge && got != `Basic realm="`+issuer+`"` {
				t.Errorf("challenge %q", got)
			}
		})
	}
}
