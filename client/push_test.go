package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
)

func TestStartPushed(t *testing.T) {
	d, _ := newSocketDevice(t)
	started, err := d.client.StartPushed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	if query := link.Query(); len(query) != 2 || query.Get("client_id") != d.config.ClientID || !strings.HasPrefix(query.Get("request_uri"), "urn:ietf:params:oauth:request_uri:") {
		t.Errorf("link %s", started.URL)
	}
	redirect, err := d.app.Accept(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.client.Finish(t.Context(), redirect); err != nil {
		t.Fatal(err)
	}
	if _, err := d.app.Accept(started.URL); err == nil {
		t.Error("the pushed request was answered twice")
	}
}

// Where nothing can be pushed, the link carries the request.
func TestStartPushedFallsBack(t *testing.T) {
	for name, prepare := range map[string]func(*device){
		"no verifier":      func(d *device) { d.config.Services = nil },
		"unknown issuer":   func(d *device) { d.config.Services = client.Pinned{} },
		"no such service":  func(d *device) { d.app.Close() },
		"no push endpoint": func(d *device) { d.app.Intercept(withoutPush) },
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := newSocketDevice(t)
			prepare(d)
			d.restart()
			started, err := d.client.StartPushed(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(started.URL, "code_challenge=") {
				t.Errorf("link %s", started.URL)
			}
		})
	}
}

// withoutPush is a server that has never heard of RFC 9126.
func withoutPush(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !strings.HasPrefix(r.URL.Path, "/.well-known/") {
		next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte(`{"issuer": "` + issuer + `", "token_endpoint": "` + issuer + `/token"}`))
}

func TestStartPushedFails(t *testing.T) {
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path != "/par" {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			w.Write([]byte(body))
		}
	}
	for name, test := range map[string]struct {
		status int
		body   string
		code   string
	}{
		"refused":            {http.StatusBadRequest, `{"error": "invalid_scope", "error_description": "no"}`, "invalid_scope"},
		"not understood":     {http.StatusBadRequest, `<html>`, ""},
		"no reference":       {http.StatusCreated, `{"expires_in": 60}`, ""},
		"created as garbage": {http.StatusCreated, `urn:x`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := newSocketDevice(t)
			d.app.Intercept(answer(test.status, test.body))
			_, err := d.client.StartPushed(t.Context())
			var refusal *client.AuthorizationError
			if !errors.As(err, &refusal) || refusal.Code != test.code {
				t.Errorf("got %v", err)
			}
		})
	}
}

// wary knows the service of an issuer, and no longer believes it.
type wary struct{ client.Pinned }

func (wary) Verify(context.Context, string, ipcapi.Service) (ipcapi.Service, error) {
	return nil, errors.New("its certificate changed")
}

func TestStartPushedSendsNothingToAnUnverifiedService(t *testing.T) {
	d, service := newSocketDevice(t)
	d.config.Services = wary{client.Pinned{issuer: service}}
	d.restart()
	if _, err := d.client.StartPushed(t.Context()); !errors.Is(err, client.ErrUnverifiedService) {
		t.Errorf("got %v", err)
	}
	if got := d.app.Requests(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}
