package authz_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// FuzzAccessToken feeds bytes to what checks access tokens: nothing but a token
// that was issued is in force, and nothing panics.
func FuzzAccessToken(f *testing.F) {
	for _, seed := range []string{
		"", ".", "..", "a.b.c",
		"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzaWQiOiJ4In0.",
		"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.eyJleHAiOjFlNDAwfQ.AAAA",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		d := newDesk(t)
		if d.live(token) {
			t.Errorf("%q is in force", token)
		}
	})
}

// FuzzRegistration feeds bodies to the endpoint at which apps register themselves:
// what is registered can log in, and nothing else is written.
func FuzzRegistration(f *testing.F) {
	for _, body := range []string{
		`{"redirect_uris": ["org.example.sums:/done"]}`, `{"redirect_uris": ["http://127.0.0.1/"], "client_name": "\u202e"}`,
		`{"redirect_uris": null}`, `{}`, `[]`, ``, `{"redirect_uris": ["com.example.maths:/x"]}`, `{"redirect_uris": ["https://auth.example:444/x"]}`,
		`{"redirect_uris": ["org.example.sums:/done"], "scope": "openid\u0000"}`, `{"redirect_uris": ["org.example.sums:/done"], "client_id": "maths"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d := attested(t)
		before := d.store.Commits()
		a := d.manage("POST", "/register", "", body)
		if a.status != http.StatusCreated {
			if a.status != http.StatusBadRequest || a.text("error") == "" || d.store.Commits() != before {
				t.Errorf("%d %v for %q", a.status, a.body, body)
			}
			return
		}
		uris := strings.Fields(words(a.body["redirect_uris"]))
		i := d.begin(d.push(pushForm(map[string][]string{"client_id": {a.text("client_id")}, "redirect_uri": uris[:1], "scope": nil})))
		if !i.SelfRegistered || i.Registered || a.text("client_id") == "maths" {
			t.Errorf("%+v for %q", i, body)
		}
	})
}

// FuzzEndpoints feeds bodies to the endpoints: each gets an answer of the RFCs,
// no body is a login, and nothing is written.
func FuzzEndpoints(f *testing.F) {
	for _, path := range []string{"", "1", "12", "123"} { // by its length, one of the endpoints
		for _, body := range []string{
			"", "&", "=", "%", "a=1&a=2", "client_id=maths", "client_id=maths&grant_type=refresh_token&refresh_token=x",
			"client_id=maths&grant_type=authorization_code&code=x&code_verifier=" + verifier + "&redirect_uri=" + redirectURI,
			"client_id=maths&token=x", "client_id=%00&scope=%ff", pushForm(map[string][]string{"scope": {"moon"}}).Encode(),
		} {
			f.Add(path, body, "Basic bWF0aHM6eA==")
		}
	}
	f.Fuzz(func(t *testing.T, path, body, authorization string) {
		path = "/" + []string{"token", "revoke", "introspect", "par"}[len(path)%4]
		d := newDesk(t)
		r := httptest.NewRequestWithContext(ipcapi.WithCaller(t.Context(), d.caller), http.MethodPost, issuer+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		a := d.serve(r)
		switch {
		case a.status == http.StatusOK && path == "/token":
			t.Errorf("tokens for %q", body)
		case a.status >= http.StatusInternalServerError && a.status != http.StatusServiceUnavailable:
			t.Errorf("%d for %q", a.status, body)
		case a.status >= http.StatusBadRequest && a.text("error") == "":
			t.Errorf("%d without an error for %q", a.status, body)
		}
	})
}
