package authz_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store/storetest"
)

// A record is what the log says of one refusal.
type record struct {
	Message     string `json:"msg"`
	Level       string
	Error       string
	Description string
	Cause       string
	Caller      struct {
		UID      int
		Identity string
	}
}

// A book keeps the log.
type book struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// refusals takes what was logged of refusals since the last time.
func (b *book) refusals(t *testing.T) (all []record) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.String()) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if r.Message == "refused" {
			all = append(all, r)
		}
	}
	b.Reset()
	return all
}

// Every refusal has one line in the log, with why and who; the peer gets the error of
// the RFC and a sentence, and nothing of the cause.
func TestEveryRefusalIsLoggedWithItsCauseAndCaller(t *testing.T) {
	log := new(book)
	st, broken := storetest.Breakable(t)
	d := attested(t, func(c *authz.Config) {
		c.Store = st
		c.Logger = slog.New(slog.NewJSONHandler(log, nil))
	})
	d.register(authz.Registration{ID: "other", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid"}})
	tokens := d.login()
	code := d.approve(link(nil)).Code
	change := func(form url.Values, name, value string) url.Values {
		form = maps.Clone(form)
		form.Set(name, value)
		return form
	}
	for _, test := range []struct {
		name, code string
		cause      string // a part of it; "" if the description says it all
		ask        func() answer
	}{
		{"no grant type", "invalid_request", "", func() answer { return d.post("/token", url.Values{"client_id": {"maths"}}) }},
		{"unknown client", "invalid_client", `no client "nobody"`, func() answer { return d.post("/token", change(codeForm(code), "client_id", "nobody")) }},
		{"unknown code", "invalid_grant", "not found", func() answer { return d.post("/token", codeForm("guess")) }},
		{"wrong verifier", "invalid_grant", "verifier", func() answer {
			return d.post("/token", change(codeForm(code), "code_verifier", strings.Repeat("w", 43)))
		}},
		{"wrong redirect URI", "invalid_grant", "redirect_uri", func() answer { return d.post("/token", change(codeForm(code), "redirect_uri", "com.example.maths:/x")) }},
		{"another client's token", "invalid_grant", "issued to another client or app", func() answer {
			return d.post("/token", change(refreshForm(tokens.text("refresh_token")), "client_id", "other"))
		}},
		{"a scope not granted", "invalid_scope", "", func() answer {
			return d.post("/token", change(refreshForm(tokens.text("refresh_token")), "scope", "moon"))
		}},
		{"a target not granted", "invalid_target", "", func() answer {
			return d.post("/token", change(refreshForm(tokens.text("refresh_token")), "resource", "https://x.example"))
		}},
		{"pushed without a challenge", "invalid_request", "code_challenge", func() answer { return d.post("/par", pushForm(map[string][]string{"code_challenge": nil})) }},
		{"registration of a bad URI", "invalid_redirect_uri", "", func() answer { return d.introduce("javascript:alert(1)") }},
		{"registration of another's scheme", "invalid_redirect_uri", `of client "maths"`, func() answer { return d.introduce(redirectURI) }},
		{"registration that is not there", "invalid_token", "not found", func() answer { return d.manage("GET", "/register/x", "y", "") }},
		{"introspection by an app", "invalid_client", "not an API app", func() answer { return d.post("/introspect", url.Values{"client_id": {"maths"}, "token": {"x"}}) }},
		{"revocation of nothing", "invalid_request", "", func() answer { return d.post("/revoke", url.Values{"client_id": {"maths"}}) }},
		{"a disk that is full", "server_error", storetest.ErrDisk.Error(), func() answer {
			broken.Store(true)
			defer broken.Store(false)
			return d.post("/token", codeForm(code))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			log.refusals(t)
			a := test.ask()
			if a.text("error") != test.code {
				t.Fatalf("%d %v", a.status, a.body)
			}
			lines := log.refusals(t)
			if len(lines) != 1 || lines[0].Error != test.code || lines[0].Caller.Identity != "uid:10012" || lines[0].Caller.UID != 1000 || !strings.Contains(lines[0].Cause, test.cause) {
				t.Fatalf("the log says %+v", lines)
			}
			if want := map[bool]string{true: "ERROR", false: "INFO"}[test.code == "server_error"]; lines[0].Level != want {
				t.Errorf("logged as %s", lines[0].Level)
			}
			if keys := slices.Sorted(maps.Keys(a.body)); !slices.Equal(keys, []string{"error", "error_description"}) {
				t.Errorf("the peer is told %v", a.body)
			}
			said := a.text("error_description")
			if said == "" || test.cause != "" && strings.Contains(said, test.cause) && test.code != "invalid_request" {
				t.Errorf("the peer is told %q", said)
			}
		})
	}
	d.expect(http.StatusOK, "", d.post("/token", codeForm(code))) // nothing of it changed anything
}

// An error is sent to a redirect URI only after it was matched; then it carries what
// every redirect carries.
func TestWhereErrorsOfALinkGo(t *testing.T) {
	for name, test := range map[string]struct {
		changes    map[string][]string
		code       string
		redirected bool
	}{
		"no client":                       {map[string][]string{"client_id": nil}, "invalid_request", false},
		"unknown client":                  {map[string][]string{"client_id": {"nobody"}}, "invalid_client", false},
		"no redirect URI":                 {map[string][]string{"redirect_uri": nil}, "invalid_request", false},
		"another redirect URI":            {map[string][]string{"redirect_uri": {"com.example.evil:/done"}}, "invalid_request", false},
		"another, and a wrong parameter":  {map[string][]string{"redirect_uri": {"com.example.evil:/done"}, "response_type": {"token"}}, "invalid_request", false},
		"two redirect URIs":               {map[string][]string{"redirect_uri": {redirectURI, "com.example.evil:/done"}}, "invalid_request", false},
		"unknown client, wrong parameter": {map[string][]string{"client_id": {"nobody"}, "response_type": {"token"}}, "invalid_client", false},
		"response type":                   {map[string][]string{"response_type": {"token"}}, "unsupported_response_type", true},
		"scope":                           {map[string][]string{"scope": {"openid moon"}}, "invalid_scope", true},
		"challenge":                       {map[string][]string{"code_challenge": nil}, "invalid_request", true},
		"resource":                        {map[string][]string{"resource": {"https://x.example"}}, "invalid_target", true},
		"request object":                  {map[string][]string{"request": {"a.b.c"}}, "request_not_supported", true},
		"prompt=none":                     {map[string][]string{"prompt": {"none"}}, "interaction_required", true},
		"prompt=none login":               {map[string][]string{"prompt": {"none login"}}, "invalid_request", true},
		"max_age":                         {map[string][]string{"max_age": {"soon"}}, "invalid_request", true},
		"a state that cannot be returned": {map[string][]string{"state": {"a\x01b"}}, "invalid_request", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			before := d.store.Commits()
			_, err := d.server.Begin(t.Context(), link(test.changes))
			if d.store.Commits() != before {
				t.Error("something was written")
			}
			if !test.redirected {
				refused(t, err, test.code)
				return
			}
			response := refusedWithRedirect(t, err, test.code)
			if response.State == nil || *response.State != "state-of-the-client" || response.Issuer != issuer || response.IPCService != mathsService || response.Code != "" {
				t.Errorf("redirect %+v", response)
			}
			if linkhandler.Describe(response.ErrorDescription) != response.ErrorDescription {
				t.Errorf("description %q", response.ErrorDescription)
			}
		})
	}
}
