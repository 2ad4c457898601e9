package resource_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/resource"
)

const audience = "https://auth.example"

// tokens is an introspector that knows some tokens.
type tokens map[string]resource.Token

func (ts tokens) Introspect(_ context.Context, token string) (resource.Token, error) {
	if token == "unreachable" {
		return resource.Token{}, errors.New("nobody answers")
	}
	t, known := ts[token]
	if !known {
		return t, fmt.Errorf("%w: no such token", resource.ErrInvalidToken)
	}
	return t, nil
}

func newGuard(t *testing.T) *resource.Guard {
	return &resource.Guard{
		Introspector: tokens{
			"good":      {Subject: "amina", ClientID: "maths", Scopes: []string{"openid", "notes"}, Audience: []string{audience}},
			"two":       {Subject: "amina", Scopes: []string{"notes"}, Audience: []string{"https://elsewhere.example", audience}},
			"scopeless": {Subject: "amina", Audience: []string{audience}},
			"elsewhere": {Subject: "amina", Scopes: []string{"notes"}, Audience: []string{"https://elsewhere.example"}},
			"nowhere":   {Subject: "amina", Scopes: []string{"notes"}, Audience: []string{""}},
			"bound":     {Subject: "amina", Scopes: []string{"notes"}, Audience: []string{audience}, App: "uid:10012"},
		},
		Audience: audience,
		Logger:   slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

func TestGuard(t *testing.T) {
	const realm = `Bearer realm="https://auth.example"`
	for _, test := range []struct {
		name      string
		header    []string
		caller    string // the app identity
		status    int
		challenge string
	}{
		{"good", []string{"Bearer good"}, "", 200, ""},
		{"scheme in lower case", []string{"bearer good"}, "", 200, ""},
		{"one audience of two", []string{"Bearer two"}, "", 200, ""},
		{"the app it is bound to", []string{"Bearer bound"}, "uid:10012", 200, ""},
		{"no token", nil, "", 401, realm},
		{"another scheme", []string{"Basic Z29vZDo="}, "", 401, realm},
		{"empty header", []string{""}, "", 401, realm},
		{"no token after the scheme", []string{"Bearer"}, "", 400, realm + `, error="invalid_request"`},
		{"empty token", []string{"Bearer "}, "", 400, realm + `, error="invalid_request"`},
		{"two spaces", []string{"Bearer  good"}, "", 400, realm + `, error="invalid_request"`},
		{"two tokens", []string{"Bearer good good"}, "", 400, realm + `, error="invalid_request"`},
		{"a list", []string{"Bearer good,Bearer good"}, "", 400, realm + `, error="invalid_request"`},
		{"two headers", []string{"Bearer good", "Bearer good"}, "", 400, realm + `, error="invalid_request"`},
		{"two headers, one of another scheme", []string{"Basic x", "Bearer good"}, "", 400, realm + `, error="invalid_request"`},
		{"revoked", []string{"Bearer gone"}, "", 401, realm + `, error="invalid_token"`},
		{"another audience", []string{"Bearer elsewhere"}, "", 401, realm + `, error="invalid_token"`},
		{"no audience", []string{"Bearer nowhere"}, "", 401, realm + `, error="invalid_token"`},
		{"another app", []string{"Bearer bound"}, "uid:10013", 401, realm + `, error="invalid_token"`},
		{"an unattested app", []string{"Bearer bound"}, "", 401, realm + `, error="invalid_token"`},
		{"without the scope", []string{"Bearer scopeless"}, "", 403, realm + `, error="insufficient_scope", scope="notes"`},
		{"nobody can tell", []string{"Bearer unreachable"}, "", 503, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			reached := false
			h := newGuard(t).Require("notes", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				token, ok := resource.TokenFrom(r.Context())
				reached = ok && token.Subject == "amina"
			}))
			r := httptest.NewRequestWithContext(ipcapi.WithCaller(t.Context(), ipcapi.Caller{Identity: test.caller}), "GET", audience+"/notes", nil)
			r.Header["Authorization"] = test.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("WWW-Authenticate") != test.challenge || reached != (test.status == 200) {
				t.Errorf("%d %q (reached: %v), want %d %q", w.Code, w.Header().Get("WWW-Authenticate"), reached, test.status, test.challenge)
			}
			if test.status != 200 && (w.Header().Get("Cache-Control") != "no-store" || w.Body.Len() > 0) {
				t.Errorf("refused with %v %q", w.Header(), w.Body)
			}
		})
	}
}

func TestTheEmptyScopeIsInEveryToken(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "GET", audience+"/", nil)
	r.Header.Set("Authorization", "Bearer scopeless")
	newGuard(t).Require("", http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d", w.Code)
	}
}

func TestTokensInTheURLAreNotSeen(t *testing.T) {
	w := httptest.NewRecorder()
	newGuard(t).Require("notes", http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", audience+"/?access_token=good", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}
}

func TestWithoutAGuardThereIsNoToken(t *testing.T) {
	if token, ok := resource.TokenFrom(t.Context()); ok {
		t.Errorf("token %+v", token)
	}
}

// sessions is an authenticator that knows one pair.
type sessions struct{}

func (sessions) Authenticate(_ context.Context, userID, password string) (resource.Token, error) {
	switch userID + ":" + password {
	case "session:se:cret":
		return resource.Token{Subject: "amina", Scopes: []string{"notes"}, Audience: []string{audience}}, nil
	case "elsewhere:x":
		return resource.Token{Subject: "amina", Scopes: []string{"notes"}, Audience: []string{"https://elsewhere.example"}}, nil
	case "bound:x":
		return resource.Token{Subject: "amina", Scopes: []string{"notes"}, Audience: []string{audience}, App: "uid:10012"}, nil
	case "narrow:x":
		return resource.Token{Subject: "amina", Audience: []string{audience}}, nil
	case "unreachable:":
		return resource.Token{}, errors.New("nobody answers")
	}
	return resource.Token{}, fmt.Errorf("%w: no such session", resource.ErrInvalidToken)
}

func basic(pair string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// TestBasic: a pair of credentials is checked like a token in every respect.
func TestBasic(t *testing.T) {
	for _, test := range []struct {
		name   string
		header []string
		status int
	}{
		{"good, with a colon in the password", []string{basic("session:se:cret")}, 200},
		{"scheme in lower case", []string{"b" + basic("session:se:cret")[1:]}, 200},
		{"a bearer token still", []string{"Bearer good"}, 200},
		{"wrong password", []string{basic("session:other")}, 401},
		{"no such session", []string{basic("other:se:cret")}, 401},
		{"meant for another API", []string{basic("elsewhere:x")}, 401},
		{"of another app", []string{basic("bound:x")}, 401},
		{"without the scope", []string{basic("narrow:x")}, 403},
		{"nobody can tell", []string{basic("unreachable:")}, 503},
		{"no base64", []string{"Basic !"}, 400},
		{"no colon", []string{basic("session")}, 400},
		{"two pairs", []string{basic("session:se:cret"), basic("session:se:cret")}, 400},
		{"none", nil, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			guard := newGuard(t)
			guard.Basic = sessions{}
			reached := false
			h := guard.Require("notes", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				token, ok := resource.TokenFrom(r.Context())
				reached = ok && token.Subject == "amina"
			}))
			r := httptest.NewRequestWithContext(t.Context(), "GET", audience+"/notes", nil)
			r.Header["Authorization"] = test.header
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != test.status || reached != (test.status == 200) {
				t.Errorf("%d (reached: %v), want %d", w.Code, reached, test.status)
			}
			offered := w.Header().Values("WWW-Authenticate")
			if test.status == 401 && !slices.Contains(offered, `Basic realm="https://auth.example"`) {
				t.Errorf("challenges %q", offered)
			}
		})
	}
}
