package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/ipcapi"
)

const wellKnown = "/.well-known/oauth-authorization-server"

func TestMetadataAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"other issuer", `{"issuer":"https://evil.example","token_endpoint":"https://auth.example/token"}`, 200},
		{"no issuer", `{"token_endpoint":"https://auth.example/token"}`, 200},
		{"no token endpoint", `{"issuer":"https://auth.example"}`, 200},
		{"http token endpoint", `{"issuer":"https://auth.example","token_endpoint":"http://auth.example/token"}`, 200},
		{"relative token endpoint", `{"issuer":"https://auth.example","token_endpoint":"/token"}`, 200},
		{"token endpoint elsewhere", `{"issuer":"https://auth.example","token_endpoint":"https://evil.example/token"}`, 200},
		{"token endpoint on another port", `{"issuer":"https://auth.example","token_endpoint":"https://auth.example:8443/token"}`, 200},
		{"keys elsewhere", `{"issuer":"https://auth.example","token_endpoint":"https://auth.example/token","jwks_uri":"https://evil.example/"}`, 200},
		{"not JSON", `<html>`, 200},
		{"not there", ``, 500},
		{"redirected", ``, 302},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := newSocketDevice(t)
			redirect := d.accept(d.start())
			d.intercept(wellKnown, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Location", issuer+"/jwks")
				answers(c.status, "application/json", c.body)(w, r, next)
			})
			if _, err := d.client.Finish(t.Context(), redirect); !errors.Is(err, client.ErrMetadata) {
				t.Error(err)
			}
			if n := len(d.app.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
			d.app.Intercept(nil)
			if _, err := d.client.Finish(t.Context(), redirect); err != nil {
				t.Errorf("when it is repaired: %v", err)
			}
		})
	}
}

// Over a network a server may have its endpoints on several hosts, if all are https.
func TestEndpointsElsewhereOverTheNetwork(t *testing.T) {
	d := newDevice(t)
	hosts := map[string]bool{}
	d.config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		hosts[r.URL.Host] = true
		r = r.Clone(r.Context())
		r.URL.Host, r.Host = "auth.example", ""
		return d.app.HTTPClient().Transport.RoundTrip(r)
	})}
	d.intercept(wellKnown, answers(200, "application/json", `{"issuer":"`+issuer+`","token_endpoint":"https://tokens.example/token","jwks_uri":"`+issuer+`/jwks"}`))
	d.restart()
	d.wantUserinfo(d.login())
	if !hosts["tokens.example"] {
		t.Error(hosts)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestMetadataOfOpenIDAlone(t *testing.T) {
	d := newDevice(t)
	d.intercept(wellKnown, answers(404, "text/plain", ""))
	d.wantUserinfo(d.login())
}

func TestMetadataTooLarge(t *testing.T) {
	d := newDevice(t)
	d.intercept(wellKnown, answers(200, "application/json", `{"issuer":"`+string(make([]byte, 300<<10))))
	if _, err := d.client.Finish(t.Context(), d.accept(d.start())); err == nil {
		t.Error("accepted")
	}
}

func TestIssuerWithAPath(t *testing.T) {
	app, err := clienttest.New("https://school.example/tenants/one")
	d := deviceWith(t, app, err)
	d.wantUserinfo(d.login())
	if d.requests("", "/.well-known/oauth-authorization-server/tenants/one") != 1 {
		t.Error(d.app.Requests())
	}
}

func TestTokenResponsesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		status           int
		code             string
	}{
		{"code refused", "application/json", `{"error":"invalid_grant","error_description":"used"}`, 400, "invalid_grant"},
		{"client refused", "application/json", `{"error":"invalid_client"}`, 401, "invalid_client"},
		{"error with status 200", "application/json", `{"error":"invalid_grant"}`, 200, "invalid_grant"},
		{"no token", "application/json", `{"token_type":"Bearer"}`, 200, ""},
		{"no type", "application/json", `{"access_token":"a"}`, 200, ""},
		{"other type", "application/json", `{"access_token":"a","token_type":"DPoP"}`, 200, ""},
		{"no JSON", "application/json", `<html>`, 200, ""},
		{"server failed", "text/html", `<html>secret</html>`, 500, ""},
		{"redirected", "text/html", ``, 307, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t)
			d.config.Scopes = []string{"profile"}
			d.restart()
			d.intercept("/token", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Location", issuer+"/elsewhere")
				answers(c.status, c.kind, c.body)(w, r, next)
			})
			redirect := d.accept(d.start())
			_, err := d.client.Finish(t.Context(), redirect)
			var refused *client.TokenError
			if !errors.As(err, &refused) || refused.Code != c.code || c.status != 200 && refused.Status != c.status {
				t.Errorf("%v", err)
			}
			if d.requests("", "/elsewhere") != 0 {
				t.Error("a redirect was followed with the code")
			}
			if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
				t.Errorf("stored: %v", err)
			}
			if _, err := d.client.Finish(t.Context(), redirect); !errors.Is(err, client.ErrNoPendingLogin) {
				t.Errorf("the code was sent, and then: %v", err)
			}
		})
	}
}

func TestTransportErrorsKeepTheirType(t *testing.T) {
	d := newDevice(t)
	link := d.start()
	ctx, cancel := context.WithCancel(t.Context())
	d.intercept("/token", func(w http.ResponseWriter, r *http.Request, _ http.Handler) { cancel(); <-r.Context().Done() })
	if _, err := d.client.Finish(ctx, d.accept(link)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// withIDToken replaces the ID token of the app's answers.
func (d *device) withIDToken(change func(app *clienttest.App, accessToken, idToken string) string) {
	d.intercept("/token", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		var body map[string]any
		if err := json.Unmarshal(recorded.Body.Bytes(), &body); err != nil {
			d.Error(err)
		}
		access, _ := body["access_token"].(string)
		id, _ := body["id_token"].(string)
		if body["id_token"] = change(d.app, access, id); body["id_token"] == "" {
			delete(body, "id_token")
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(body); err != nil {
			d.Error(err)
		}
	})
}

func TestIDTokensAreRefused(t *testing.T) {
	claims := func(nonce string, change map[string]any) map[string]any {
		all := map[string]any{"iss": issuer, "sub": "1", "aud": "maths", "exp": time.Now().Add(time.Hour).Unix(), "nonce": nonce}
		for name, value := range change {
			all[name] = value
		}
		return all
	}
	header := map[string]any{"alg": "ES256", "kid": "key-1"}
	for _, c := range []struct {
		name   string
		header map[string]any
		change map[string]any
		good   bool
	}{
		{"as it should be", header, nil, true},
		{"several audiences", header, map[string]any{"aud": []string{"other", "maths"}, "azp": "maths"}, true},
		{"without a key's name", map[string]any{"alg": "ES256"}, nil, true},
		{"expired within the skew", header, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}, true},
		{"other issuer", header, map[string]any{"iss": "https://evil.example"}, false},
		{"other audience", header, map[string]any{"aud": "other"}, false},
		{"no audience", header, map[string]any{"aud": nil}, false},
		{"several audiences, no party", header, map[string]any{"aud": []string{"other", "maths"}}, false},
		{"other party", header, map[string]any{"azp": "other"}, false},
		{"expired", header, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, false},
		{"no expiry", header, map[string]any{"exp": nil}, false},
		{"other nonce", header, map[string]any{"nonce": "x"}, false},
		{"no nonce", header, map[string]any{"nonce": nil}, false},
		{"no subject", header, map[string]any{"sub": ""}, false},
		{"another token's hash", header, map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, false},
		{"claims of wrong types", header, map[string]any{"aud": 5}, false},
		{"unsigned", map[string]any{"alg": "none"}, nil, false},
		{"signed with a public secret", map[string]any{"alg": "HS256", "kid": "key-1"}, nil, false},
		{"unknown key", map[string]any{"alg": "ES256", "kid": "key-2"}, nil, false},
		{"an access token", map[string]any{"alg": "ES256", "kid": "key-1", "typ": "at+jwt"}, nil, false},
		{"critical extension", map[string]any{"alg": "ES256", "kid": "key-1", "crit": []string{"x"}}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t)
			link := d.start()
			nonce := parameter(t, link, "nonce")
			d.withIDToken(func(app *clienttest.App, _, _ string) string { return app.SignJWT(c.header, claims(nonce, c.change)) })
			d.wantIDToken(link, c.good)
		})
	}
}

func (d *device) wantIDToken(link string, good bool) {
	d.Helper()
	_, err := d.client.Finish(d.Context(), d.accept(link))
	if good && err != nil || !good && !errors.Is(err, client.ErrIDToken) {
		d.Error(err)
	}
	_, err = d.client.HTTPClient(d.Context())
	if good != (err == nil) {
		d.Errorf("stored: %v", err)
	}
}

func TestIDTokenBytesAreTampered(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a bit of the claims":    func(s string) string { return flip(s, len(s)/3) },
		"a bit of the signature": func(s string) string { return flip(s, len(s)-20) },
		"no signature":           func(s string) string { return s[:len(s)-86] },
		"a part more":            func(s string) string { return s + ".x" },
		"not base64":             func(s string) string { return "!" + s },
		"too long":               func(s string) string { return string(make([]byte, 20<<10)) },
		"missing":                func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t)
			d.withIDToken(func(_ *clienttest.App, _, id string) string { return change(id) })
			d.wantIDToken(d.start(), false)
		})
	}
}

func flip(s string, at int) string {
	b := []byte(s)
	b[at] = 'A' + (b[at]-'A'+1)%26
	return string(b)
}

func TestKeysAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"none":          `{"keys":[]}`,
		"for RSA":       `{"keys":[{"kty":"RSA","kid":"key-1"}]}`,
		"off the curve": `{"keys":[{"kty":"EC","crv":"P-256","kid":"key-1","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"too short":     `{"keys":[{"kty":"EC","crv":"P-256","kid":"key-1","x":"AA","y":"AA"}]}`,
		"not base64":    `{"keys":[{"kty":"EC","crv":"P-256","kid":"key-1","x":"!","y":"AA"}]}`,
		"no JSON":       `<html>`,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t)
			d.intercept("/jwks", answers(200, "application/json", body))
			d.wantIDToken(d.start(), false)
		})
	}
	d := newDevice(t)
	d.intercept("/jwks", answers(500, "text/plain", ""))
	d.wantIDToken(d.start(), false)
}

// A scope that was not granted brings no ID token, and that is no error.
func TestOpenIDNotGranted(t *testing.T) {
	d := newDevice(t)
	d.intercept("/token", answers(200, "application/json", `{"access_token":"a","token_type":"bearer","scope":"profile"}`))
	d.wantIDToken(d.start(), true)
}

// The answer that a token request waits for does not come.
func TestSilentTokenEndpoint(t *testing.T) {
	d, _ := newSocketDevice(t)
	d.config.HTTPClient.Timeout = 200 * time.Millisecond
	d.restart()
	d.intercept("/token", func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
	_, err := d.client.Finish(t.Context(), d.accept(d.start()))
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ipcapi.ErrDeadline) {
		t.Error(err)
	}
}
