package authz_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

func TestRegistrationsThatAreRefused(t *testing.T) {
	d := newDesk(t)
	app := func(change func(*authz.Registration)) authz.Registration {
		r := authz.Registration{ID: "app", RedirectURIs: []string{"com.example.app:/done"}, Scopes: []string{"openid"}}
		change(&r)
		return r
	}
	uri := func(uri string) authz.Registration {
		return app(func(r *authz.Registration) { r.RedirectURIs = []string{"com.example.app:/done", uri} })
	}
	for name, r := range map[string]authz.Registration{
		"no ID":               app(func(r *authz.Registration) { r.ID = "" }),
		"long ID":             app(func(r *authz.Registration) { r.ID = strings.Repeat("x", 101) }),
		"ID with a space":     app(func(r *authz.Registration) { r.ID = "a b" }),
		"ID with a newline":   app(func(r *authz.Registration) { r.ID = "a\nb" }),
		"ID beyond ASCII":     app(func(r *authz.Registration) { r.ID = "ä" }),
		"no redirect URI":     app(func(r *authz.Registration) { r.RedirectURIs = nil }),
		"javascript":          uri("javascript:alert(1)"),
		"undotted scheme":     uri("maths:/done"),
		"localhost":           uri("http://localhost/done"),
		"http":                uri("http://app.example.com/done"),
		"fragment":            uri("com.example.app:/done#x"),
		"userinfo":            uri("https://user@app.example.com/done"),
		"wildcard":            uri("https://*.example.com/done"),
		"relative":            uri("/done"),
		"unknown scope":       app(func(r *authz.Registration) { r.Scopes = []string{"openid", "moon"} }),
		"empty identity":      app(func(r *authz.Registration) { r.Identities = []string{""} }),
		"blank identity":      app(func(r *authz.Registration) { r.Identities = []string{"uid:7", " "} }),
		"API app for anyone":  {ID: "api", Resources: []string{"https://notes.example"}},
		"relative resource":   {ID: "api", Resources: []string{"notes"}, Secret: true},
		"resource, fragment":  {ID: "api", Resources: []string{"https://notes.example#x"}, Secret: true},
		"resource, empty one": {ID: "api", Resources: []string{"https://notes.example#"}, Secret: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, secret, err := d.server.Register(t.Context(), r)
			refused(t, err, "invalid_client_metadata")
			if _, err := d.store.Clients.Get(t.Context(), r.ID); err == nil || secret != "" {
				t.Errorf("it was registered, or a secret given: %q", secret)
			}
		})
	}
}

func TestASecretIsGivenOnceAndKeptAsAHash(t *testing.T) {
	d := newDesk(t)
	client, secret, err := d.server.Register(t.Context(), authz.Registration{ID: "api", Resources: []string{"https://notes.example"}, Secret: true})
	if err != nil || len(secret) != 43 || client.Name != "api" || strings.Contains(string(client.SecretHash), secret) || len(client.SecretHash) != 32 {
		t.Errorf("client %+v, secret of %d characters, %v", client, len(secret), err)
	}
	again := d.register(authz.Registration{ID: "api", Resources: []string{"https://notes.example"}, Secret: true})
	form := url.Values{"client_id": {"api"}, "client_secret": {secret}, "token": {"x"}}
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/introspect", form))
	form.Set("client_secret", again)
	d.expect(http.StatusOK, "", d.post("/introspect", form))
}

func TestAClosedStoreGivesNoSecret(t *testing.T) {
	d := newDesk(t)
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, secret, err := d.server.Register(t.Context(), authz.Registration{ID: "api", Resources: []string{"https://notes.example"}, Secret: true}); !errors.Is(err, store.ErrClosed) || secret != "" {
		t.Errorf("secret %q, %v", secret, err)
	}
}

func TestUnregisterRevokesWhatWasGranted(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	code := d.approve(link(nil)).Code
	if err := d.server.Unregister(t.Context(), "maths"); err != nil {
		t.Fatal(err)
	}
	if err := d.server.Unregister(t.Context(), "maths"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	if d.live(tokens.text("access_token")) {
		t.Error("the access token survived")
	}
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/token", codeForm(code)))

	// A client of the same name inherits nothing.
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", codeForm(code)))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(tokens.text("refresh_token"))))
}

func TestARefreshKeepsNoScopeTheClientLost(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid"}})
	d.expect(http.StatusBadRequest, "invalid_scope", d.post("/token", refreshForm(tokens.text("refresh_token"))))
}
