package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ui"
)

const (
	issuer = "https://auth.example"
	link   = issuer + "/authorize?client_id=maths&response_type=code&state=s&redirect_uri=com.example.maths:/done" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)

var maths = control.Client{ID: "maths", RedirectURIs: []string{"com.example.maths:/done"}, Scopes: []string{"openid"}}

// opener opens dir, with a client.
func opener(dir string) control.Opener {
	return func(ctx context.Context) (*offlineauth.Server, error) {
		return offlineauth.New(ctx, offlineauth.Config{Issuer: issuer, DataDir: dir})
	}
}

// inProcess calls fn with an API in this process.
func inProcess(t *testing.T, fn func(control.API) error) {
	t.Helper()
	dir := t.TempDir()
	if err := control.With(t.Context(), dir, opener(dir), fn); err != nil {
		t.Fatal(err)
	}
}

func handler(t *testing.T) http.Handler {
	t.Helper()
	s, err := opener(t.TempDir())(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return control.Handler(s, nil)
}

func ask(h http.Handler, method, path, body string) (status int, answer string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestHandler(t *testing.T) {
	h := handler(t)
	const client = `{"client_id": "maths", "redirect_uris": ["com.example.maths:/done"], "scopes": ["openid"]}`
	for _, test := range []struct {
		method, path, body string
		status             int
		contains           string
	}{
		{"GET", "/v1/clients", "", 200, "[]"},
		{"POST", "/v1/clients", client, 200, `"client_name":"maths"`},
		{"POST", "/v1/clients", client, 409, `"error":"exists"`},
		{"PUT", "/v1/clients", strings.Replace(client, "}", `, "client_name": "Maths"}`, 1), 200, `"client_name":"Maths"`},
		{"PUT", "/v1/clients", `{"client_id": "x"}`, 400, "a client needs a redirect URI"},
		{"POST", "/v1/clients", `{`, 400, "not the JSON expected"},
		{"POST", "/v1/clients", `{"client_id": "` + strings.Repeat("x", 64<<10) + `"}`, 400, "that is too long"},
		{"GET", "/v1/clients", "", 200, `"scopes":["openid"]`},
		{"POST", "/v1/accounts", `{"username": "amina"}`, 200, `"sub":"`},
		{"POST", "/v1/accounts", `{"username": "amina"}`, 409, `"error":"exists"`},
		{"POST", "/v1/accounts", `{"username": ""}`, 400, "a username has"},
		{"GET", "/v1/accounts", "", 200, `"username":"amina"`},
		{"DELETE", "/v1/accounts?username=nobody", "", 404, `"error":"not_found"`},
		{"DELETE", "/v1/accounts?username=amina", "", 200, "{}"},
		{"POST", "/v1/interactions", `{"link": "` + link + `"}`, 200, `"maths"`},
		{"POST", "/v1/interactions", `{"link": "` + link + `&scope=nonsense"}`, 400, `"redirect":{"uri":"com.example.maths:/done?error=invalid_scope`},
		{"POST", "/v1/interactions", `{"link": "` + issuer + `/authorize?client_id=x"}`, 400, `"error":"invalid_`},
		{"POST", "/v1/interactions/unknown/decision", `{"method": "terminal"}`, 410, "open the link again"},
		{"DELETE", "/v1/clients?id=maths", "", 200, "{}"},
		{"DELETE", "/v1/clients?id=maths", "", 404, `"error":"not_found"`},
		{"GET", "/v1/activity?limit=1", "", 200, `"event":"client removed"`},
		{"GET", "/v1/activity?limit=0", "", 400, "limit"},
		{"GET", "/v1/activity", "", 400, "limit"},
		{"GET", "/consent?id=unknown", "", 410, "html"},
		{"GET", "/v2", "", 404, ""},
	} {
		status, answer := ask(h, test.method, test.path, test.body)
		if status != test.status || !strings.Contains(answer, test.contains) {
			t.Errorf("%s %s %.80s: %d %.300s, want %d with %s", test.method, test.path, test.body, status, answer, test.status, test.contains)
		}
	}
}

// Only an interaction that is not known is begun again; an account that is not
// known is the person's mistake.
func TestDecide(t *testing.T) {
	inProcess(t, func(api control.API) error {
		if _, err := api.AddClient(t.Context(), maths); err != nil {
			return err
		}
		consent, err := api.Begin(t.Context(), link)
		if err != nil {
			return err
		}
		accepted := control.Decision{Method: "terminal", Decision: ui.Decision{Accept: true, AccountID: "nobody"}}
		if _, err := api.Decide(t.Context(), consent.ID, accepted); !control.Malformed(err) || control.Gone(err) {
			t.Errorf("an unknown account: %v", err)
		}
		redirect, err := api.Decide(t.Context(), consent.ID, control.Decision{Method: "terminal"})
		if err != nil || !strings.HasPrefix(redirect.URI, "com.example.maths:/done?error=access_denied") {
			t.Errorf("a denial: %+v, %v", redirect, err)
		}
		if _, err := api.Decide(t.Context(), consent.ID, accepted); err == nil || control.Gone(err) {
			t.Errorf("a second decision: %v", err)
		}
		return nil
	})
}

func TestErrorsAreToldApart(t *testing.T) {
	kinds := map[string]func(error) bool{"gone": control.Gone, "taken": control.Taken, "unknown": control.Unknown, "malformed": control.Malformed}
	for want, status := range map[string]int{"gone": 410, "taken": 409, "unknown": 404, "malformed": 400} {
		err := fmt.Errorf("wrapped: %w", &control.Error{Status: status, Description: want})
		for kind, is := range kinds {
			if is(err) != (kind == want) {
				t.Errorf("%d is %s: %t", status, kind, is(err))
			}
		}
		if !strings.Contains(err.Error(), want) || kinds[want](errors.New(want)) {
			t.Errorf("%v", err)
		}
	}
}

// A secret is in the answer to the registration alone.
func TestSecretIsShownOnce(t *testing.T) {
	inProcess(t, func(api control.API) error {
		client, err := api.AddClient(t.Context(), control.Client{ID: "notes", Resources: []string{"https://notes.example"}, HasSecret: true})
		if err != nil {
			return err
		}
		if client.Secret == "" || !client.HasSecret {
			t.Errorf("registered %+v", client)
		}
		all, err := api.Clients(t.Context())
		if err != nil || len(all) != 1 || all[0].Secret != "" || !all[0].HasSecret {
			t.Errorf("listed %+v, %v", all, err)
		}
		return err
	})
}

func TestOwnUser(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") })
	for name, test := range map[string]struct {
		caller *ipcapi.Caller
		status int
	}{
		"own":     {&ipcapi.Caller{UID: os.Getuid()}, 200},
		"root":    {&ipcapi.Caller{UID: 0}, 200},
		"another": {&ipcapi.Caller{UID: os.Getuid() + 1}, 403},
		"unknown": {&ipcapi.Caller{UID: -1}, 403},
		"none":    {nil, 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if test.caller != nil {
				r = r.WithContext(ipcapi.WithCaller(r.Context(), *test.caller))
			}
			w := httptest.NewRecorder()
			control.OwnUser(served).ServeHTTP(w, r)
			if w.Code != test.status || (w.Body.String() == "served") != (test.status == 200) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if test.status != 200 && !json.Valid(w.Body.Bytes()) {
				t.Errorf("not JSON: %s", w.Body)
			}
		})
	}
}
