package resource_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/resource"
)

// serve starts an introspection endpoint and returns who asks it.
func serve(t *testing.T, h http.HandlerFunc) *resource.Remote {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &resource.Remote{Endpoint: server.URL + "/introspect", Client: server.Client(), ClientID: "an:api", Secret: "se%cret"}
}

func TestRemoteReadsTheAnswer(t *testing.T) {
	for _, test := range []struct {
		name     string
		status   int
		body     string
		audience string // of the token; "!" for ErrInvalidToken, "?" for any other error
	}{
		{"active", 200, `{"active":true,"sub":"amina","aud":["a","b"]}`, "a b"},
		{"audience is a string", 200, `{"active":true,"sub":"amina","aud":"a"}`, "a"},
		{"no audience", 200, `{"active":true,"sub":"amina"}`, ""},
		{"audience null", 200, `{"active":true,"sub":"amina","aud":null}`, ""},
		{"audience empty", 200, `{"active":true,"sub":"amina","aud":""}`, "?"},
		{"audience a number", 200, `{"active":true,"sub":"amina","aud":7}`, "?"},
		{"unknown members", 200, `{"active":true,"sub":"amina","aud":"a","x":{"y":[]}}`, "a"},
		{"inactive", 200, `{"active":false}`, "!"},
		{"inactive, but talkative", 200, `{"active":false,"sub":"amina","aud":"a"}`, "!"},
		{"empty object", 200, `{}`, "!"},
		{"active is no boolean", 200, `{"active":"true","sub":"amina","aud":"a"}`, "?"},
		{"garbage", 200, `<html>`, "?"},
		{"nothing", 200, ``, "?"},
		{"huge", 200, `{"active":true,"sub":"amina","aud":"` + strings.Repeat("a", 64<<10) + `"}`, "?"},
		{"not authenticated", 401, `{"error":"invalid_client"}`, "?"},
		{"failed", 500, `{"active":true,"sub":"amina","aud":"a"}`, "?"},
		{"another success", 204, ``, "?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			remote := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			token, err := remote.Introspect(t.Context(), "token")
			switch test.audience {
			case "!":
				if !errors.Is(err, resource.ErrInvalidToken) {
					t.Errorf("%+v, %v", token, err)
				}
			case "?":
				if err == nil || errors.Is(err, resource.ErrInvalidToken) {
					t.Errorf("%+v, %v", token, err)
				}
			default:
				if err != nil || token.Subject != "amina" || strings.Join(token.Audience, " ") != test.audience {
					t.Errorf("%+v, %v", token, err)
				}
			}
		})
	}
}

func TestRemoteReadsAllThatAGuardWants(t *testing.T) {
	remote := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"active":true,"sub":"amina","client_id":"maths","scope":"openid notes","aud":"a","exp":4102444800,"cnf":{"app":"uid:7"}}`)
	})
	token, err := remote.Introspect(t.Context(), "token")
	if err != nil || token.ClientID != "maths" || strings.Join(token.Scopes, " ") != "openid notes" || token.App != "uid:7" || token.ExpiresAt.Unix() != 4102444800 {
		t.Errorf("%+v, %v", token, err)
	}
}

func TestRemoteShowsWhoAsks(t *testing.T) {
	for _, secret := range []string{"se%cret", ""} {
		var asked url.Values
		var user, password string
		remote := serve(t, func(w http.ResponseWriter, r *http.Request) {
			user, password, _ = r.BasicAuth()
			r.ParseForm()
			asked = r.PostForm
			io.WriteString(w, `{"active":true}`)
		})
		remote.Secret = secret
		if _, err := remote.Introspect(t.Context(), "tok&en"); err != nil {
			t.Fatal(err)
		}
		if asked.Get("token") != "tok&en" || asked.Get("token_type_hint") != "access_token" {
			t.Errorf("asked %v", asked)
		}
		if secret == "" && (user != "" || asked.Get("client_id") != "an:api") {
			t.Errorf("attested, it asked as %q with %v", user, asked)
		}
		if secret != "" && (user != "an%3Aapi" || password != "se%25cret" || asked.Has("client_id")) { // RFC 6749 section 2.3.1
			t.Errorf("with a secret, it asked as %q, %q with %v", user, password, asked)
		}
	}
}

func TestRemoteDoesNotTakeTheTokenElsewhere(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			t.Errorf("%d was followed", status)
			io.WriteString(w, `{"active":true}`)
		}))
		remote := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) })
		if _, err := remote.Introspect(t.Context(), "token"); err == nil || errors.Is(err, resource.ErrInvalidToken) {
			t.Errorf("%d: %v", status, err)
		}
		thief.Close()
	}
}

func TestRemoteEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{})
	remote := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := remote.Introspect(ctx, "token"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestRemoteEndsWithTheClientsDeadline(t *testing.T) {
	remote := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	remote.Client.Timeout = 20 * time.Millisecond
	if _, err := remote.Introspect(t.Context(), "token"); err == nil || errors.Is(err, resource.ErrInvalidToken) {
		t.Errorf("%v", err)
	}
}

func TestRemoteWithoutAService(t *testing.T) {
	for _, endpoint := range []string{"http://127.0.0.1:1/introspect", "::"} {
		remote := &resource.Remote{Endpoint: endpoint, Client: http.DefaultClient}
		if _, err := remote.Introspect(t.Context(), "token"); err == nil || errors.Is(err, resource.ErrInvalidToken) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// TestRemoteRefusesWhatItDoesNotUnderstand: a confirmation that is ignored makes a bearer token.
func TestRemoteRefusesWhatItDoesNotUnderstand(t *testing.T) {
	remote := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"active":true,"sub":"amina","cnf":{"x5t#S256":"certificate"}}`)
	})
	if token, err := remote.Introspect(t.Context(), "token"); err == nil {
		t.Errorf("%+v", token)
	}
}
