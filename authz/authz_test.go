package authz_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/storetest"
)

const (
	issuer       = "https://auth.example"
	redirectURI  = "com.example.maths:/done"
	mathsService = "unix:/run/auth/stream.sock"
)

var verifier = strings.Repeat("v", 43)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A desk is a server with one account and one client, and what tests do with it.
type desk struct {
	*testing.T
	server  *authz.Server
	store   *store.Store
	account store.Account
	caller  ipcapi.Caller

	lastCode string // for tests that use one again
}

func newDesk(t *testing.T, change ...func(*authz.Config)) *desk {
	t.Helper()
	services, err := ipcapi.ParseService(mathsService)
	if err != nil {
		t.Fatal(err)
	}
	cfg := authz.Config{
		Issuer:   issuer,
		Store:    storetest.Open(t),
		Services: services,
		Logger:   slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&cfg)
	}
	server, err := authz.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, server: server, store: cfg.Store, caller: ipcapi.Caller{Transport: "unix", UID: 1000, PID: 1}}
	d.register(authz.Registration{ID: "maths", Name: "Maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
	if d.account, err = server.AddAccount(t.Context(), "amina", "Amina"); err != nil {
		t.Fatal(err)
	}
	return d
}

// openServer opens a server on a file.
func openServer(tb testing.TB, path string) (*authz.Server, *store.Store) {
	tb.Helper()
	quiet := slog.New(slog.DiscardHandler)
	st, err := store.Open(path, &store.Options{LockTimeout: time.Minute, Logger: quiet})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { st.Close() })
	server, err := authz.New(tb.Context(), authz.Config{Issuer: issuer, Store: st, Logger: quiet})
	if err != nil {
		tb.Fatal(err)
	}
	return server, st
}

func (d *desk) register(r authz.Registration) (secret string) {
	d.Helper()
	_, secret, err := d.server.Register(d.Context(), r)
	if err != nil {
		d.Fatal(err)
	}
	return secret
}

// link is a good authorization link, with changes: a nil value removes a parameter.
func link(changes map[string][]string) string {
	query := url.Values{
		"client_id":             {"maths"},
		"redirect_uri":          {redirectURI},
		"response_type":         {"code"},
		"scope":                 {"openid profile"},
		"state":                 {"state-of-the-client"},
		"nonce":                 {"nonce-of-the-client"},
		"code_challenge":        {challengeOf(verifier)},
		"code_challenge_method": {"S256"},
	}
	for name, values := range changes {
		if values == nil {
			query.Del(name)
		} else {
			query[name] = values
		}
	}
	return issuer + "/authorize?" + query.Encode()
}

// approve plays a link and a person who accepts it.
func (d *desk) approve(link string) *linkhandler.Response {
	d.Helper()
	interaction, err := d.server.Begin(d.Context(), link)
	if err != nil {
		d.Fatal(err)
	}
	launch, err := d.server.Approve(d.Context(), interaction.ID, authz.Decision{AccountID: d.account.ID, Method: "test"})
	if err != nil {
		d.Fatal(err)
	}
	response, err := linkhandler.ParseResponse(interaction.RedirectURI, launch.URI)
	if err != nil {
		d.Fatal(err)
	}
	return response
}

// an answer is what an endpoint said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

func (d *desk) post(path string, form url.Values, change ...func(*http.Request)) answer {
	d.Helper()
	return d.postAs(d.Context(), d.caller, path, form, change...)
}

func (d *desk) postAs(ctx context.Context, caller ipcapi.Caller, path string, form url.Values, change ...func(*http.Request)) answer {
	d.Helper()
	r := httptest.NewRequestWithContext(ipcapi.WithCaller(ctx, caller), http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	return d.serve(r)
}

func (d *desk) serve(r *http.Request) answer {
	d.Helper()
	w := httptest.NewRecorder()
	d.server.Handler().ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	b, err := io.ReadAll(w.Body)
	if err != nil {
		d.Fatal(err)
	}
	if len(b) > 0 && w.Header().Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(b, &a.body); err != nil {
			d.Fatalf("%v in %s", err, b)
		}
	}
	return a
}

func codeForm(code string) url.Values {
	return url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {"maths"},
		"code":          {code},
		"redirect_uri":  {redirectURI},
		"code_verifier": {verifier},
	}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {"maths"}, "refresh_token": {token}}
}

// login plays a whole login and returns the token response.
func (d *desk) login() answer {
	d.Helper()
	return d.expect(http.StatusOK, "", d.post("/token", codeForm(d.approve(link(nil)).Code)))
}

// expect fails the test unless the answer has this status and error.
func (d *desk) expect(status int, code string, a answer) answer {
	d.Helper()
	if a.status != status || a.text("error") != code {
		d.Fatalf("answer %d %v, want %d %q", a.status, a.body, status, code)
	}
	return a
}

// live reports whether an access token is in force.
func (d *desk) live(token string) bool {
	d.Helper()
	_, err := d.server.Introspect(d.Context(), token)
	if err != nil {
		d.Logf("introspection: %v", err)
	}
	return err == nil
}
