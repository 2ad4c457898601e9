package authz_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

const ownURI = "org.example.sums:/done"

// manage sends a registration request, with a registration access token if there is one.
func (d *desk) manage(method, path, token, body string) answer {
	d.Helper()
	r := httptest.NewRequestWithContext(ipcapi.WithCaller(d.Context(), d.caller), method, issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return d.serve(r)
}

// introduce lets the calling app register itself.
func (d *desk) introduce(uri string) answer {
	d.Helper()
	return d.manage("POST", "/register", "", `{"client_name": "Sums", "redirect_uris": ["`+uri+`"], "software_id": "ignored"}`)
}

func TestAnAppRegistersItself(t *testing.T) {
	d := attested(t)
	own := d.expect(http.StatusCreated, "", d.introduce(ownURI))
	id := own.text("client_id")
	if own.text("client_name") != "Sums" || own.text("scope") != "openid profile offline_access" || own.text("token_endpoint_auth_method") != "none" ||
		words(own.body["redirect_uris"]) != ownURI || words(own.body["grant_types"]) != "authorization_code refresh_token" ||
		own.text("registration_client_uri") != issuer+"/register/"+id || len(own.text("registration_access_token")) != 43 || own.body["client_id_issued_at"] == nil {
		t.Errorf("registered %v", own.body)
	}

	// The person sees that the name is the app's own word, and that it is new.
	form := pushForm(map[string][]string{"client_id": {id}, "redirect_uri": {ownURI}})
	i := d.begin(d.push(form))
	if !i.SelfRegistered || i.Registered || !i.New || i.ClientName != "Sums" || i.Identity != "uid:10012" {
		t.Errorf("the person sees %+v", i)
	}
	launch, err := d.server.Approve(t.Context(), i.ID, authz.Decision{AccountID: d.account.ID})
	if err != nil || launch.App != "uid:10012" {
		t.Fatalf("%+v, %v", launch, err)
	}
	if again := d.begin(d.push(form)); again.Launch == nil {
		t.Errorf("asked again: %+v", again)
	}

	// Nobody else can be this client.
	d.caller.Identity = "uid:10013"
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/par", form))
	if trail := d.trail(); trail[2].Kind != "app registered" || trail[2].Identity != "uid:10012" || trail[2].ClientID != id || trail[2].Detail != "Sums" {
		t.Errorf("trail %+v", trail)
	}
}

func TestAnAppManagesItsRegistration(t *testing.T) {
	d := attested(t)
	own := d.expect(http.StatusCreated, "", d.introduce(ownURI))
	id, token := own.text("client_id"), own.text("registration_access_token")
	path := "/register/" + id
	if shown := d.expect(http.StatusOK, "", d.manage("GET", path, token, "")); shown.text("client_name") != "Sums" || shown.text("registration_access_token") != token {
		t.Errorf("shown %v", shown.body)
	}
	changed := d.expect(http.StatusOK, "", d.manage("PUT", path, token, `{"client_id": "`+id+`", "client_name": "Sums 2", "redirect_uris": ["http://127.0.0.1/done"], "scope": "openid"}`))
	if changed.text("client_name") != "Sums 2" || words(changed.body["redirect_uris"]) != "http://127.0.0.1/done" || changed.text("scope") != "openid" {
		t.Errorf("changed to %v", changed.body)
	}
	d.expect(http.StatusBadRequest, "invalid_client_metadata", d.manage("PUT", path, token, `{"client_id": "maths", "redirect_uris": ["`+ownURI+`"]}`))

	for name, request := range map[string]func() answer{
		"no token":       func() answer { return d.manage("GET", path, "", "") },
		"another token":  func() answer { return d.manage("DELETE", path, token+"x", "") },
		"another client": func() answer { return d.manage("GET", "/register/maths", token, "") },
		"no such client": func() answer { return d.manage("GET", "/register/nobody", token, "") },
		"another app, with the token": func() answer {
			d.caller.Identity = "uid:10013"
			defer func() { d.caller.Identity = "uid:10012" }()
			return d.manage("DELETE", path, token, "")
		},
	} {
		a := request()
		if a.status != http.StatusUnauthorized || a.text("error") != "invalid_token" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}

	tokens := d.ownLogin(id)
	if a := d.manage("DELETE", path, token, ""); a.status != http.StatusNoContent || a.body != nil {
		t.Errorf("removal: %d %v", a.status, a.body)
	}
	if d.live(tokens.text("access_token")) {
		t.Error("a token survived its client")
	}
	d.expect(http.StatusUnauthorized, "invalid_token", d.manage("GET", path, token, ""))
}

// ownLogin plays a login of a client that registered itself with a loopback URI.
func (d *desk) ownLogin(id string) answer {
	d.Helper()
	const uri = "http://127.0.0.1:4711/done"
	i := d.begin(d.push(pushForm(map[string][]string{"client_id": {id}, "redirect_uri": {uri}, "scope": {"openid"}})))
	launch, err := d.server.Approve(d.Context(), i.ID, authz.Decision{AccountID: d.account.ID})
	if err != nil {
		d.Fatal(err)
	}
	_, query, _ := strings.Cut(launch.URI, "?code=")
	code, _, _ := strings.Cut(query, "&")
	form := codeForm(code)
	form.Set("client_id", id)
	form.Set("redirect_uri", uri)
	return d.expect(http.StatusOK, "", d.post("/token", form))
}

func TestAnAppIsNotRegistered(t *testing.T) {
	d := attested(t, func(c *authz.Config) {
		c.CustomScheme = "com.example.auth"
		c.Claimants = func(_ context.Context, uri string) ([]string, error) {
			switch {
			case strings.HasPrefix(uri, "org.example.bank:"):
				return []string{"uid:10099"}, nil
			case strings.HasPrefix(uri, "org.example.broken:"):
				return nil, errors.New("the system does not answer")
			}
			return nil, nil
		}
	})
	d.register(authz.Registration{ID: "web", RedirectURIs: []string{"https://app.example.com/cb"}, Scopes: []string{"openid"}, Identities: []string{"uid:10020"}})
	uri := func(uri string) string { return `{"redirect_uris": ["` + ownURI + `", "` + uri + `"]}` }
	for name, test := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"not JSON":                  {`client_name=Sums`, 400, "invalid_client_metadata"},
		"nothing":                   {``, 400, "invalid_client_metadata"},
		"an array":                  {`[]`, 400, "invalid_client_metadata"},
		"two objects":               {`{"redirect_uris": ["` + ownURI + `"]} {}`, 400, "invalid_client_metadata"},
		"no redirect URI":           {`{}`, 400, "invalid_redirect_uri"},
		"too many":                  {`{"redirect_uris": [` + strings.Repeat(`"`+ownURI+`",`, 8) + `"` + ownURI + `"]}`, 400, "invalid_redirect_uri"},
		"javascript":                {uri("javascript:alert(1)"), 400, "invalid_redirect_uri"},
		"undotted scheme":           {uri("sums:/done"), 400, "invalid_redirect_uri"},
		"scheme of another client":  {uri("com.example.maths:/other"), 400, "invalid_redirect_uri"},
		"host of another client":    {uri("https://app.example.com/other"), 400, "invalid_redirect_uri"},
		"scheme of this app":        {uri("com.example.auth:/x"), 400, "invalid_redirect_uri"},
		"host of the issuer":        {uri("https://auth.example/x"), 400, "invalid_redirect_uri"},
		"claimed by another app":    {uri("org.example.bank:/done"), 400, "invalid_redirect_uri"},
		"the system is broken":      {uri("org.example.broken:/done"), 500, "server_error"},
		"unknown scope":             {`{"redirect_uris": ["` + ownURI + `"], "scope": "openid moon"}`, 400, "invalid_client_metadata"},
		"a secret":                  {`{"redirect_uris": ["` + ownURI + `"], "token_endpoint_auth_method": "client_secret_basic"}`, 400, "invalid_client_metadata"},
		"implicit":                  {`{"redirect_uris": ["` + ownURI + `"], "grant_types": ["implicit"]}`, 400, "invalid_client_metadata"},
		"response type token":       {`{"redirect_uris": ["` + ownURI + `"], "response_types": ["token"]}`, 400, "invalid_client_metadata"},
		"a long name":               {`{"redirect_uris": ["` + ownURI + `"], "client_name": "` + strings.Repeat("é", 101) + `"}`, 400, "invalid_client_metadata"},
		"longer than anybody needs": {`{"redirect_uris": ["` + ownURI + `"], "x": "` + strings.Repeat("x", 64<<10) + `"}`, 400, "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.store.Commits()
			d.expect(test.status, test.code, d.manage("POST", "/register", "", test.body))
			if d.store.Commits() != before {
				t.Error("something was written")
			}
		})
	}
	r := httptest.NewRequestWithContext(ipcapi.WithCaller(t.Context(), d.caller), "POST", issuer+"/register", strings.NewReader(`{"redirect_uris": ["`+ownURI+`"]}`))
	d.expect(http.StatusBadRequest, "invalid_client_metadata", d.serve(r)) // no Content-Type
	d.caller.Identity = ""
	d.expect(http.StatusForbidden, "access_denied", d.introduce(ownURI))
}

func TestAnAppSharesItsOwnScheme(t *testing.T) {
	d := attested(t)
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid"}, Identities: []string{"uid:10012"}})
	d.expect(http.StatusCreated, "", d.introduce("com.example.maths:/other"))
	d.caller.Identity = "uid:10013"
	d.expect(http.StatusBadRequest, "invalid_redirect_uri", d.introduce("com.example.maths:/other"))
	d.expect(http.StatusCreated, "", d.introduce("http://127.0.0.1/done")) // which is nobody's
}

func TestNoAppFillsTheDiskWithRegistrations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := attested(t)
		own := func() (own []store.Client) {
			all, err := d.store.Clients.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				if c.SelfRegistered {
					own = append(own, c)
				}
			}
			return own
		}
		first := d.expect(http.StatusCreated, "", d.introduce("http://127.0.0.1/done")).text("client_id")
		for n := range 31 {
			time.Sleep(time.Second)
			d.expect(http.StatusCreated, "", d.introduce(fmt.Sprintf("http://127.0.0.1/%d", n)))
		}
		if clients := own(); len(clients) != 8 {
			t.Errorf("%d registrations", len(clients))
		}
		if _, err := d.store.Clients.Get(t.Context(), first); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the oldest stays: %v", err)
		}
		d.expect(http.StatusForbidden, "access_denied", d.introduce(ownURI))
		d.caller.Identity = "uid:10013" // another app is not made to wait for it
		d.expect(http.StatusCreated, "", d.introduce(ownURI))

		// Those in use stay, and are not pushed out by others.
		d.caller.Identity = "uid:10014"
		for range 8 {
			d.ownLogin(d.expect(http.StatusCreated, "", d.introduce("http://127.0.0.1/done")).text("client_id"))
		}
		d.expect(http.StatusForbidden, "access_denied", d.introduce(ownURI))

		time.Sleep(30 * 24 * time.Hour) // what nobody has approved is gone, and may come again
		if _, err := d.store.Sweep(t.Context(), time.Now(), 0); err != nil {
			t.Fatal(err)
		}
		if clients := own(); len(clients) != 8 || clients[0].Identities[0] != "uid:10014" {
			t.Errorf("%d registrations: %+v", len(clients), clients)
		}
		d.caller.Identity = "uid:10012"
		d.expect(http.StatusCreated, "", d.introduce(ownURI))
	})
}

func TestAnExpiredRegistrationIsNoClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := attested(t)
		id := d.expect(http.StatusCreated, "", d.introduce(ownURI)).text("client_id")
		changes := map[string][]string{"client_id": {id}, "redirect_uri": {ownURI}}
		time.Sleep(30*24*time.Hour - time.Minute)
		waiting := d.begin(d.push(pushForm(changes)))
		time.Sleep(time.Minute)
		_, err := d.server.Approve(t.Context(), waiting.ID, authz.Decision{AccountID: d.account.ID})
		refused(t, err, "invalid_client")
		d.expect(http.StatusUnauthorized, "invalid_client", d.post("/par", pushForm(changes)))
		_, err = d.server.Begin(t.Context(), link(changes))
		refused(t, err, "invalid_client")
		if _, err := d.store.Clients.Get(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("its record stays, for a clock that is set back: %v", err)
		}
	})
}

// TestNobodyIsSentToAStranger: an error is no way past the person (RFC 9700 section 4.11.2).
func TestNobodyIsSentToAStranger(t *testing.T) {
	d := attested(t)
	id := d.expect(http.StatusCreated, "", d.introduce(ownURI)).text("client_id")
	wrong := link(map[string][]string{"client_id": {id}, "redirect_uri": {ownURI}, "scope": {"moon"}})
	told := func() *authz.Error {
		t.Helper()
		_, err := d.server.Begin(t.Context(), wrong)
		var refusal *authz.Error
		if !errors.As(err, &refusal) || refusal.Code != "invalid_scope" {
			t.Fatalf("%v", err)
		}
		return refusal
	}
	if refusal := told(); refusal.Launch != nil {
		t.Errorf("the person would be sent to %s", refusal.Launch.URI)
	}
	right := d.begin(d.push(pushForm(map[string][]string{"client_id": {id}, "redirect_uri": {ownURI}})))
	if _, err := d.server.Approve(t.Context(), right.ID, authz.Decision{AccountID: d.account.ID}); err != nil {
		t.Fatal(err)
	}
	if refusal := told(); refusal.Launch == nil {
		t.Error("a client that was approved is not told")
	}
}
