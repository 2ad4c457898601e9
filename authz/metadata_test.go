package authz_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
)

func TestMetadataDocuments(t *testing.T) {
	for _, test := range []struct{ issuer, oauth, openID string }{
		{issuer, issuer + "/.well-known/oauth-authorization-server", issuer + "/.well-known/openid-configuration"},
		{issuer + "/school/a", issuer + "/.well-known/oauth-authorization-server/school/a", issuer + "/school/a/.well-known/openid-configuration"},
		{issuer + "/a%2Fb", issuer + "/.well-known/oauth-authorization-server/a%2Fb", issuer + "/a%2Fb/.well-known/openid-configuration"},
	} {
		t.Run(test.issuer, func(t *testing.T) {
			d := newDesk(t, func(c *authz.Config) { c.Issuer = test.issuer })
			first, second := d.document(test.oauth), d.document(test.openID)
			if first.text("issuer") != test.issuer || first.text("authorization_endpoint") != test.issuer+"/authorize" {
				t.Errorf("document %v", first.body)
			}
			if !slices.Equal(slices.Sorted(maps.Keys(first.body)), slices.Sorted(maps.Keys(second.body))) || second.text("issuer") != test.issuer {
				t.Errorf("they differ: %v, %v", first.body, second.body)
			}
			for _, name := range []string{"token_endpoint", "revocation_endpoint", "introspection_endpoint"} {
				a := d.serve(formRequest(t, first.text(name), "a=b"))
				d.expect(http.StatusUnauthorized, "invalid_client", a) // it is there, and wants to know who asks
			}
			if keys := d.document(first.text("jwks_uri")); keys.body["keys"] == nil {
				t.Errorf("keys %v", keys.body)
			}
			d.expect(http.StatusForbidden, "access_denied", d.serve(formRequest(t, first.text("registration_endpoint"), "{}"))) // of a stranger
			if first.text("userinfo_endpoint") != test.issuer+"/userinfo" {
				t.Errorf("userinfo at %q", first.text("userinfo_endpoint"))
			}
		})
	}
}

func formRequest(t *testing.T, to, body string) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (d *desk) document(at string) answer {
	d.Helper()
	return d.expect(http.StatusOK, "", d.serve(httptest.NewRequestWithContext(d.Context(), http.MethodGet, at, nil)))
}

func TestTheMetadataPromisesWhatIsKept(t *testing.T) {
	d := newDesk(t)
	m := d.document(issuer + "/.well-known/openid-configuration").body
	// What is promised below is played by the tests that are named.
	for name, want := range map[string]string{
		"response_types_supported":                      "code",                                                                    // TestBeginRefuses
		"response_modes_supported":                      "query",                                                                   // TestBeginRefuses
		"grant_types_supported":                         "authorization_code refresh_token",                                        // TestTokenRequestsAreJudgedByTheirForm
		"code_challenge_methods_supported":              "S256",                                                                    // TestSharpEdge01ChallengeMustBeS256
		"token_endpoint_auth_methods_supported":         "none client_secret_basic client_secret_post",                             // TestEveryPromisedClientAuthentication
		"revocation_endpoint_auth_methods_supported":    "none client_secret_basic client_secret_post",                             // likewise
		"introspection_endpoint_auth_methods_supported": "client_secret_basic client_secret_post",                                  // TestClientAuthentication
		"subject_types_supported":                       "public",                                                                  // TestIDToken
		"id_token_signing_alg_values_supported":         "ES256",                                                                   // TestPublishedKeysVerifyWhatIsSigned
		"scopes_supported":                              "openid profile offline_access",                                           // TestRegistrationsThatAreRefused
		"claims_supported":                              "iss sub aud exp iat auth_time acr nonce at_hash name preferred_username", // TestIDToken, TestARememberedLoginSaysWhenThePersonWasThere, userinfo
		"prompt_values_supported":                       "none login consent select_account",                                       // TestPromptNone*, TestMaxAgeAndPromptLogin, TestWhoIsAskedAgain
	} {
		if got := words(m[name]); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]bool{
		"authorization_response_iss_parameter_supported": true,  // TestLogin, TestSharpEdge15ErrorsCarryTheIssuer
		"request_parameter_supported":                    false, // TestBeginRefuses
		"request_uri_parameter_supported":                false, // TestPushedRequestsAreOursAlone
		"require_request_uri_registration":               false,
	} {
		if m[name] != want {
			t.Errorf("%s is %v", name, m[name])
		}
	}
}

func words(list any) string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, item.(string))
	}
	return strings.Join(all, " ")
}

func TestEveryPromisedClientAuthentication(t *testing.T) {
	methods := map[string]func(url.Values, string) func(*http.Request){
		"none": func(url.Values, string) func(*http.Request) { return func(*http.Request) {} },
		"client_secret_post": func(form url.Values, secret string) func(*http.Request) {
			form.Set("client_secret", secret)
			return func(*http.Request) {}
		},
		"client_secret_basic": func(form url.Values, secret string) func(*http.Request) {
			form.Del("client_id")
			return func(r *http.Request) { r.SetBasicAuth("maths", secret) }
		},
	}
	for name, apply := range methods {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			secret := d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}, Secret: name != "none"})
			post := func(path string, form url.Values) answer {
				change := apply(form, secret) // before the form is encoded
				return d.expect(http.StatusOK, "", d.post(path, form, change))
			}
			tokens := post("/token", codeForm(d.approve(link(nil)).Code))
			tokens = post("/token", refreshForm(tokens.text("refresh_token")))
			post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("refresh_token")}})
			if d.live(tokens.text("access_token")) {
				t.Error("not revoked")
			}
		})
	}
}

func TestMethodsAndPathsThatAreNotServed(t *testing.T) {
	d := newDesk(t)
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/token", 405}, {"GET", "/revoke", 405}, {"GET", "/introspect", 405}, {"OPTIONS", "/token", 405},
		{"POST", "/jwks", 405}, {"POST", "/.well-known/openid-configuration", 405},
	} {
		if a := d.serve(httptest.NewRequestWithContext(t.Context(), test.method, issuer+test.path, nil)); a.status != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, a.status, test.status)
		}
	}
}
