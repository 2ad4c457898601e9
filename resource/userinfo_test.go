package resource_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/resource"
)

// directory knows amina, and that karim is gone.
type directory struct{}

func (directory) Profile(_ context.Context, subject string) (resource.Profile, error) {
	switch subject {
	case "amina":
		return resource.Profile{Username: "amina", Name: "Amina & <Co>"}, nil
	case "karim":
		return resource.Profile{}, fmt.Errorf("%w: no such account", resource.ErrInvalidToken)
	}
	return resource.Profile{}, errors.New("the disk is on fire")
}

func TestUserinfo(t *testing.T) {
	token := func(subject string, scopes ...string) resource.Token {
		return resource.Token{Subject: subject, Scopes: scopes, Audience: []string{audience}}
	}
	guard := &resource.Guard{
		Introspector: tokens{
			"openid":  token("amina", "openid"),
			"profile": token("amina", "openid", "profile"),
			"other":   token("amina", "profile"),
			"removed": token("karim", "openid", "profile"),
			"broken":  token("zoe", "openid", "profile"),
		},
		Audience: audience,
		Logger:   slog.New(slog.DiscardHandler),
	}
	for _, test := range []struct {
		token     string
		status    int
		body      string
		challenge string // a part of it
	}{
		{"openid", 200, `{"sub":"amina"}`, ""},
		{"profile", 200, `{"sub":"amina","name":"Amina \u0026 \u003cCo\u003e","preferred_username":"amina"}`, ""},
		{"other", 403, "", `error="insufficient_scope", scope="openid"`},
		{"removed", 401, "", `error="invalid_token"`},
		{"broken", 500, "", ""},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} { // OpenID Connect Core section 5.3.1
			t.Run(method+" "+test.token, func(t *testing.T) {
				r := httptest.NewRequestWithContext(t.Context(), method, audience+"/userinfo", nil)
				r.Header.Set("Authorization", "Bearer "+test.token)
				w := httptest.NewRecorder()
				resource.Userinfo(guard, directory{}).ServeHTTP(w, r)
				if w.Code != test.status || strings.TrimSpace(w.Body.String()) != test.body {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				if got := w.Header().Get("WWW-Authenticate"); (got == "") != (test.challenge == "") || !strings.Contains(got, test.challenge) {
					t.Errorf("challenge %q", got)
				}
				if w.Header().Get("Cache-Control") != "no-store" || test.status == 200 && w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("header %v", w.Header())
				}
			})
		}
	}
}
