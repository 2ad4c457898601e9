package loopback

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

const page = "https://app.example:8443"

func startFor(t *testing.T, rt http.RoundTripper, origins ...string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Config{Issuer: "https://issuer.example/tenant", Transport: rt, Origins: origins})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A page gets in with its origin and the secret together.
func TestPages(t *testing.T) {
	s := startFor(t, issuer(t), page, "http://127.0.0.1:3000")
	for _, test := range []struct {
		name   string
		change func(r *http.Request)
		status int
		allow  string
	}{
		{"the page", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 200, page},
		{"a page of another port here", func(r *http.Request) {
			r.Header.Set("Origin", "http://127.0.0.1:3000")
			r.Header.Set("Sec-Fetch-Site", "same-site")
		}, 200, "http://127.0.0.1:3000"},
		{"no secret", func(r *http.Request) { r.URL.Path = "/token" }, 404, ""},
		{"another page with the secret", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403, ""},
		{"another port", func(r *http.Request) { r.Header.Set("Origin", "https://app.example") }, 403, ""},
		{"another spelling", func(r *http.Request) { r.Header.Set("Origin", "https://APP.example:8443") }, 403, ""},
		{"two origins", func(r *http.Request) { r.Header.Add("Origin", page) }, 403, ""},
		{"another host", func(r *http.Request) { r.Host = "app.example" }, 403, ""},
		{"WebSocket", func(r *http.Request) {
			r.Header.Set("Upgrade", "WebSocket")
			r.Header.Set("Connection", "Upgrade")
		}, 501, ""},
	} {
		r, _ := http.NewRequest("POST", s.BaseURL()+"/token", strings.NewReader("x"))
		r.Header.Set("Origin", page)
		test.change(r)
		resp, body := do(t, r)
		h := resp.Header
		if resp.StatusCode != test.status || h.Get("Access-Control-Allow-Origin") != test.allow || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %s, %v, %q", test.name, resp.Status, h, body)
		}
		if test.status == 200 && !slices.Contains(h.Values("Vary"), "Origin") {
			t.Errorf("%s: a cache could give this to another page", test.name)
		}
	}
}

func TestPreflight(t *testing.T) {
	s := startFor(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s %s reached the issuer", r.Method, r.URL)
		return nil, ipcapi.ErrNoService
	}), page)
	ask := func(origin, path string) *http.Response {
		r, _ := http.NewRequest("OPTIONS", s.BaseURL()+"/x", nil)
		if path != "" {
			r.URL.Path = path
		}
		r.Header = http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"authorization,dpop"}, "Access-Control-Request-Private-Network": {"true"}}
		resp, _ := do(t, r)
		return resp
	}
	h := ask(page, "").Header
	if h.Get("Access-Control-Allow-Origin") != page || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PUT") ||
		h.Get("Access-Control-Allow-Headers") != "authorization,dpop" || h.Get("Access-Control-Allow-Private-Network") != "true" {
		t.Errorf("%v", h)
	}
	for _, refused := range []*http.Response{ask("https://evil.example", ""), ask(page, "/x"), ask("null", "")} {
		if refused.StatusCode < 400 || refused.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %v", refused.Status, refused.Header)
		}
	}
}

// The issuer does not decide which pages read what comes through here.
func TestIssuersOwnRulesForPagesDoNotPass(t *testing.T) {
	s := startFor(t, ipcapi.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}), ipcapi.Caller{}), page)
	r, _ := http.NewRequest("GET", s.BaseURL()+"/x", nil)
	if resp, _ := do(t, r); resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", resp.Header)
	}
}

func TestOriginsThatAreNone(t *testing.T) {
	for _, origin := range []string{"*", "null", "", "https://app.example/", "https://App.example", "https://*.example", "app.example", "https://me@app.example"} {
		if s, err := Start(t.Context(), Config{Issuer: "https://a.example", Transport: issuer(t), Origins: []string{origin}}); err == nil {
			s.Close()
			t.Errorf("%q is accepted", origin)
		}
	}
}
