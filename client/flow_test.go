package client_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
)

// eachWay runs a test over every way there is to the authorization app.
func eachWay(t *testing.T, run func(t *testing.T, d *device)) {
	t.Run("in process", func(t *testing.T) { run(t, newDevice(t)) })
	t.Run("TLS", func(t *testing.T) {
		app, err := clienttest.NewTLS()
		run(t, deviceWith(t, app, err))
	})
	t.Run("sockets", func(t *testing.T) {
		d, _ := newSocketDevice(t)
		run(t, d)
	})
	for i, name := range []string{"message wire only", "stream wire only"} {
		t.Run(name, func(t *testing.T) {
			d, service := newSocketDevice(t)
			d.app.Announce(service[i : i+1])
			run(t, d)
		})
	}
}

func TestLoginAndLogout(t *testing.T) {
	eachWay(t, func(t *testing.T, d *device) {
		if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
			t.Errorf("before: %v", err)
		}
		hc := d.login()
		d.wantUserinfo(hc)
		again, err := d.client.HTTPClient(t.Context())
		if err != nil || again != hc {
			t.Errorf("a second client for the same login: %v", err)
		}
		d.restart()
		stored, err := d.client.HTTPClient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d.wantUserinfo(stored)
		if err := d.client.Revoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.userinfo(stored); !errors.Is(err, client.ErrLoginRequired) {
			t.Errorf("after: %v", err)
		}
		if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
			t.Errorf("after: %v", err)
		}
		// The client of before the restart still has its token: it is dead.
		if status, err := d.userinfo(hc); status != http.StatusUnauthorized || err != nil {
			t.Errorf("the revoked token: %d, %v", status, err)
		}
	})
}

func TestKilledBetweenStartAndFinish(t *testing.T) {
	d, _ := newSocketDevice(t)
	d.config.Store = client.Dir(t.TempDir() + "/new/logins")
	d.restart()
	redirect := d.accept(d.start())
	d.restart()
	hc, err := d.client.Finish(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
	d.restart()
	if hc, err = d.client.HTTPClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
}

func TestLink(t *testing.T) {
	d := newDevice(t)
	d.config.Resources = []string{"https://api.example/v1", "https://files.example"}
	d.restart()
	login, err := d.client.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link, query, _ := strings.Cut(login.URL, "?")
	values, err := url.ParseQuery(query)
	if err != nil || link != issuer+"/authorize" {
		t.Fatal(login.URL, err)
	}
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "maths", "redirect_uri": redirectURI, "code_challenge_method": "S256",
		"scope": "openid profile offline_access", "state": login.State,
	} {
		if got := values.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(login.State) != 43 || len(values.Get("nonce")) != 43 || len(values["resource"]) != 2 {
		t.Error(login.URL)
	}
	if other := d.start(); other == login.URL {
		t.Error("two logins have the same link")
	}
	d.config.Scopes = []string{"profile"}
	d.restart()
	if u, _ := url.Parse(d.start()); u.Query().Has("nonce") {
		t.Error("a nonce without openid")
	}
}

func TestSeveralLoginsWait(t *testing.T) {
	d := newDevice(t)
	oldest := d.start()
	var links []string
	for range 8 {
		links = append(links, d.start())
	}
	for i := range links {
		if _, err := d.client.Finish(t.Context(), d.accept(links[len(links)-1-i])); err != nil {
			t.Error(i, err)
		}
	}
	if _, err := d.client.Finish(t.Context(), d.accept(oldest)); !errors.Is(err, client.ErrNoPendingLogin) {
		t.Error(err)
	}
}

// A login over the network is one without IPC, and asks for no openid.
func TestLoginWithoutOpenIDAndRefresh(t *testing.T) {
	d := newDevice(t)
	d.config.Scopes = nil
	d.restart()
	hc := d.login()
	d.wantUserinfo(hc)
	if d.requests("", "/jwks") != 0 {
		t.Error("keys were fetched without an ID token")
	}
	if err := d.client.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestForget(t *testing.T) {
	d := newDevice(t)
	hc := d.login()
	sent := len(d.app.Requests())
	for range 2 {
		if err := d.client.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.userinfo(hc); !errors.Is(err, client.ErrLoginRequired) {
		t.Error(err)
	}
	d.wantNothingSent(sent)
}

func TestRevokeFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		code   string
	}{
		{"unavailable", 503, "later", ""},
		{"refused", 400, `{"error":"invalid_client","error_description":"unknown"}`, "invalid_client"},
		{"redirected", 307, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t)
			hc := d.login()
			d.intercept("/revoke", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Location", issuer+"/elsewhere")
				answers(c.status, "application/json", c.body)(w, r, next)
			})
			err := d.client.Revoke(t.Context())
			var refused *client.TokenError
			if !errors.As(err, &refused) || refused.Status != c.status || refused.Code != c.code {
				t.Error(err)
			}
			if d.requests("", "/elsewhere") != 0 {
				t.Error("a redirect was followed with a token")
			}
			d.wantUserinfo(hc) // the login stays
		})
	}
}

func TestRevokeWithoutEndpoint(t *testing.T) {
	d := newDevice(t)
	d.intercept("/.well-known/oauth-authorization-server",
		answers(200, "application/json", `{"issuer":"`+issuer+`","token_endpoint":"`+issuer+`/token","jwks_uri":"`+issuer+`/jwks"}`))
	d.login()
	if err := d.client.Revoke(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := client.Config{Issuer: issuer, ClientID: "maths", RedirectURI: redirectURI}
	if _, err := client.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*client.Config){
		"no issuer":            func(c *client.Config) { c.Issuer = "" },
		"http issuer":          func(c *client.Config) { c.Issuer = "http://auth.example" },
		"no client":            func(c *client.Config) { c.ClientID = "" },
		"no redirect URI":      func(c *client.Config) { c.RedirectURI = "" },
		"undotted scheme":      func(c *client.Config) { c.RedirectURI = "maths:/done" },
		"scope with a quote":   func(c *client.Config) { c.Scopes = []string{`a"b`} },
		"http resource":        func(c *client.Config) { c.Resources = []string{"http://api.example"} },
		"resource no URL":      func(c *client.Config) { c.Resources = []string{"api"} },
		"resource unparseable": func(c *client.Config) { c.Resources = []string{"https://a b"} },
	} {
		cfg := good
		change(&cfg)
		if _, err := client.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
