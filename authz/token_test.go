package authz_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
)

func TestTokenRequestsAreJudgedByTheirForm(t *testing.T) {
	d := newDesk(t)
	code := d.approve(link(nil)).Code
	for _, test := range []struct {
		name   string
		change func(url.Values)
		status int
		code   string
	}{
		{"no grant type", func(f url.Values) { f.Del("grant_type") }, 400, "invalid_request"},
		{"empty grant type", func(f url.Values) { f.Set("grant_type", "") }, 400, "invalid_request"},
		{"password", func(f url.Values) { f.Set("grant_type", "password") }, 400, "unsupported_grant_type"},
		{"client credentials", func(f url.Values) { f.Set("grant_type", "client_credentials") }, 400, "unsupported_grant_type"},
		{"two grant types in one", func(f url.Values) { f.Set("grant_type", "authorization_code refresh_token") }, 400, "unsupported_grant_type"},
		{"repeated grant type", func(f url.Values) { f.Add("grant_type", "authorization_code") }, 400, "invalid_request"},
		{"repeated unknown parameter", func(f url.Values) { f["x"] = []string{"1", "2"} }, 400, "invalid_request"},
		{"no client", func(f url.Values) { f.Del("client_id") }, 401, "invalid_client"},
		{"unknown client", func(f url.Values) { f.Set("client_id", "nobody") }, 401, "invalid_client"},
		{"no code", func(f url.Values) { f.Del("code") }, 400, "invalid_request"},
		{"unknown code", func(f url.Values) { f.Set("code", "guess") }, 400, "invalid_grant"},
		{"no redirect URI", func(f url.Values) { f.Del("redirect_uri") }, 400, "invalid_grant"},
		{"wrong redirect URI", func(f url.Values) { f.Set("redirect_uri", redirectURI+"/") }, 400, "invalid_grant"},
		{"no verifier", func(f url.Values) { f.Del("code_verifier") }, 400, "invalid_grant"},
		{"short verifier", func(f url.Values) { f.Set("code_verifier", "short") }, 400, "invalid_grant"},
		{"resource nobody granted", func(f url.Values) { f.Set("resource", "https://elsewhere.example") }, 400, "invalid_target"},
		{"unknown parameter", func(f url.Values) { f.Set("x", "1"); f.Set("code", "guess") }, 400, "invalid_grant"},
		{"refresh without token", func(f url.Values) { f.Set("grant_type", "refresh_token") }, 400, "invalid_request"},
		{"code as refresh token", func(f url.Values) { f.Set("grant_type", "refresh_token"); f.Set("refresh_token", code) }, 400, "invalid_grant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			form := codeForm(code)
			test.change(form)
			before := d.store.Commits()
			a := d.expect(test.status, test.code, d.post("/token", form))
			if d.store.Commits() != before {
				t.Error("a refused request was written")
			}
			if a.text("error_description") == "" || strings.Contains(a.text("error_description"), "OAuth 2.0 Client") {
				t.Errorf("description %q", a.text("error_description"))
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("header %v", a.header)
			}
		})
	}
	d.expect(http.StatusOK, "", d.post("/token", codeForm(code))) // none of it used the code up
}

func TestTokenRequestsAreJudgedByTheirMessage(t *testing.T) {
	d := newDesk(t)
	form := codeForm(d.approve(link(nil)).Code)
	body := func(s string) func(*http.Request) {
		return func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(s)) }
	}
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		status int
		code   string
	}{
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, 405, ""},
		{"PUT", func(r *http.Request) { r.Method = http.MethodPut }, 405, ""},
		{"JSON", func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request"},
		{"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, 400, "invalid_request"},
		{"multipart", func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=b") }, 400, "invalid_request"},
		{"parameters in the URL", func(r *http.Request) { r.URL.RawQuery = "client_id=maths" }, 400, "invalid_request"},
		{"all of it in the URL", func(r *http.Request) { r.URL.RawQuery = form.Encode(); r.Body = http.NoBody }, 400, "invalid_request"},
		{"empty body", body(""), 400, "invalid_request"},
		{"broken encoding", body(form.Encode() + "&x=%zz"), 400, "invalid_request"},
		{"semicolons", body(form.Encode() + ";x=1"), 400, "invalid_request"},
		{"body too large", body(form.Encode() + "&x=" + strings.Repeat("x", 64<<10)), 400, "invalid_request"},
		{"charset", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		}, 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.expect(test.status, test.code, d.post("/token", form, test.change))
		})
	}
}

func TestDescriptionsAreSpeakable(t *testing.T) {
	d := newDesk(t)
	a := d.expect(http.StatusBadRequest, "invalid_request", d.post("/token", url.Values{"\"ü\\\n": {"1", "2"}}))
	if text := a.text("error_description"); strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7E || r == '"' || r == '\\' }) {
		t.Errorf("%q breaks RFC 6749 section 5.2", text)
	}
}

func TestTokensCanBeNarrowedToAResource(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "api", Resources: []string{"https://notes.example", "https://marks.example"}, Secret: true})
	form := codeForm(d.approve(link(map[string][]string{"resource": {"https://notes.example", "https://marks.example"}})).Code)
	form["resource"] = []string{"https://marks.example"}
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))
	d.audience(tokens, "https://marks.example")

	refresh := refreshForm(tokens.text("refresh_token"))
	refresh["resource"] = []string{""} // as if it were not sent
	tokens = d.expect(http.StatusOK, "", d.post("/token", refresh))
	d.audience(tokens, "https://notes.example https://marks.example")

	refresh = refreshForm(tokens.text("refresh_token"))
	refresh["resource"] = []string{"https://notes.example", issuer}
	d.expect(http.StatusBadRequest, "invalid_target", d.post("/token", refresh))
	refresh["resource"] = []string{"https://notes.example", "https://marks.example"}
	d.expect(http.StatusOK, "", d.post("/token", refresh))
}

func (d *desk) audience(tokens answer, want string) {
	d.Helper()
	token, err := d.server.Introspect(d.Context(), tokens.text("access_token"))
	if err != nil || strings.Join(token.Audience, " ") != want {
		d.Errorf("audience %q, want %q (%v)", token.Audience, want, err)
	}
}

func TestExpiresInIsWhatTheTokenSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(c *authz.Config) { c.Lifetimes.AccessToken = 90 * time.Second })
		tokens := d.login()
		token, err := d.server.Introspect(t.Context(), tokens.text("access_token"))
		if err != nil || tokens.body["expires_in"] != float64(90) || time.Until(token.ExpiresAt) != 90*time.Second {
			t.Errorf("expires_in %v, token %+v, %v", tokens.body["expires_in"], token, err)
		}
		time.Sleep(90 * time.Second)
		if d.live(tokens.text("access_token")) {
			t.Error("it outlives its expires_in")
		}
	})
}
