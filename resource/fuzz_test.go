package resource

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzAccessToken feeds Authorization headers to the guard: what it takes for a
// token is one word after the scheme, and nothing panics.
func FuzzAccessToken(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer a", "bearer a", "Bearer a b", "Bearer  a", "Basic a", "Bearer a,b", "Bearer \x00", "DPoP a", "dpop a", "DPoP"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example/", nil)
		r.Header["Authorization"] = []string{header}
		_, token, err := accessToken(r)
		if err == nil && (token == "" || strings.ContainsAny(token, " ,") || !strings.HasSuffix(header, token)) {
			t.Errorf("%q gave the token %q", header, token)
		}
	})
}

// FuzzIntrospectionAnswer feeds answers of an authorization server to an API app:
// only one that says so in so many words makes a token good.
func FuzzIntrospectionAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"active": false}`, `{"active": "true"}`, `{"active": true}`,
		`{"active": true, "aud": "a", "exp": 1e400}`, `{"active": true, "aud": [null], "cnf": {"app": 1}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		w.WriteString(body)
		if _, err := readIntrospection(w.Result()); err == nil && !strings.Contains(strings.ToLower(body), "active") {
			t.Errorf("%q made a token good", body)
		}
	})
}
