package xapi_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/resource/xapi"
)

const issuer = "https://lms.example"

// tokens takes a list of scopes for a token: all that is checked here is what a
// token allows. "of karim" and "launched" change whose it is.
type tokens struct{}

func (tokens) Introspect(_ context.Context, text string) (resource.Token, error) {
	t := resource.Token{Subject: "amina", ClientID: "maths", Audience: []string{issuer}}
	for scope := range strings.SplitSeq(text, "+") {
		switch scope {
		case "karim":
			t.Subject = "karim"
		case "launched":
			t.Launch = "cmi5"
		case "bad":
			return t, resource.ErrInvalidToken
		default:
			t.Scopes = append(t.Scopes, scope)
		}
	}
	return t, nil
}

func (ts tokens) Authenticate(ctx context.Context, userID, password string) (resource.Token, error) {
	if userID != "session" {
		return resource.Token{}, resource.ErrInvalidToken
	}
	return ts.Introspect(ctx, password)
}

// An lrs is a handler on a store of its own.
type lrs struct {
	t testing.TB
	http.Handler
	store *xapi.Store
}

func newLRS(t testing.TB) lrs {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s := open(t)
	h, err := xapi.NewHandler(xapi.Config{
		Store:   s,
		Guard:   &resource.Guard{Introspector: tokens{}, Basic: tokens{}, Audience: issuer, Logger: log},
		Issuer:  issuer,
		MaxBody: 64 << 10,
		Logger:  log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return lrs{t, h, s}
}

// ask sends a request with the scope all, as version 1.0.3, with a body that is
// JSON; headers are "Name: value" and change that. One without a value is left out.
func (l lrs) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), method, issuer+"/xapi"+target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer all")
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

// want is ask for those who know what the answer's status is.
func (l lrs) want(status int, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	w := l.ask(method, target, body, headers...)
	if w.Code != status {
		l.t.Errorf("%s %s %v: %d %s, want %d", method, target, headers, w.Code, w.Body, status)
	}
	return w
}

// of is a request with other scopes.
func of(scopes string) string { return "Authorization: Bearer " + scopes }

const second = "X-Experience-API-Version: 2.0.0"

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "?" + v.Encode()
}

// at looks into an answer that is JSON.
func at(t *testing.T, w *httptest.ResponseRecorder, path ...any) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	return v
}
