package offlineauth_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose/dpop"
)

// A journal keeps what is logged.
type journal struct {
	mu      sync.Mutex
	records []map[string]string
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	record := map[string]string{"msg": r.Message}
	r.Attrs(func(a slog.Attr) bool {
		record[a.Key] = a.Value.String()
		return true
	})
	j.records = append(j.records, record)
	return nil
}

// take returns what was logged since it was called last.
func (j *journal) take() []map[string]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer func() { j.records = nil }()
	return j.records
}

// TestEveryRefusalIsForTheLog is what package authz shows of its endpoints, for the
// rest of what callers reach: the log has the cause and who called. The peer has a
// code, at most a sentence about its own request, and no inner words.
func TestEveryRefusalIsForTheLog(t *testing.T) {
	log := new(journal)
	s := &standards{newDesk(t, func(c *offlineauth.Config) { c.Logger = slog.New(log) })}
	s.registerFor()
	s.api()
	tokens := s.tokens()
	token := func(pairs ...string) *http.Request {
		return s.asForm("/token", changed(url.Values{"client_id": {"maths"}}, pairs))
	}
	code := func(pairs ...string) *http.Request {
		return token(append([]string{"grant_type", "authorization_code", "code", s.code(), "redirect_uri", redirectURI, "code_verifier", verifier}, pairs...)...)
	}
	bearer := func(value string) *http.Request {
		return with(s.request(http.MethodGet, "/userinfo", ""), "Authorization", value)
	}
	for name, test := range map[string]struct {
		request *http.Request
		status  int
	}{
		"not a form":                 {with(s.request(http.MethodPost, "/token", "%zz"), "Content-Type", "application/x-www-form-urlencoded"), 400},
		"too large":                  {token("x", strings.Repeat("x", 70<<10)), 400},
		"in the URL":                 {with(s.request(http.MethodPost, "/token?client_id=maths", "a=b"), "Content-Type", "application/x-www-form-urlencoded"), 400},
		"another scheme":             {with(token(), "Authorization", "Digest x"), 401},
		"a proof that is none":       {with(code(), dpop.Field, "proof"), 400},
		"registration of nothing":    {with(s.request(http.MethodPost, "/register", "{"), "Content-Type", "application/json"), 400},
		"no access token":            {s.request(http.MethodGet, "/userinfo", ""), 401},
		"a forged access token":      {bearer("Bearer " + tokens.field("access_token") + "x"), 401},
		"a refresh token for one":    {bearer("Bearer " + tokens.field("refresh_token")), 401},
		"an ID token for one":        {bearer("Bearer " + tokens.field("id_token")), 401},
		"two tokens":                 {bearer("Bearer a b"), 400},
		"a stolen token":             {as(bearer("Bearer "+tokens.field("access_token")), "uid:10013"), 401},
		"a bearer token with a key":  {with(bearer("DPoP "+tokens.field("access_token")), dpop.Field, "proof"), 401},
		"credentials nobody minted":  {bearer("Basic dXNlcjpwYXNzd29yZA=="), 401},
		"for another server":         {httptest.NewRequestWithContext(s.context(), http.MethodGet, "https://evil.example/jwks", nil), 421},
		"somebody else's login gone": {as(token("grant_type", "refresh_token", "refresh_token", tokens.field("refresh_token")), "uid:10013"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			log.take()
			w := httptest.NewRecorder()
			s.server.Handler().ServeHTTP(w, test.request)
			if w.Code != test.status {
				t.Errorf("answered %d %s, want %d", w.Code, w.Body, test.status)
			}
			s.judgeRefusal(t, log.take(), fmt.Sprint(w.Header(), w.Body))
		})
	}

	t.Run("a server that stops", func(t *testing.T) {
		request := code()
		if err := s.server.Close(); err != nil {
			t.Fatal(err)
		}
		log.take()
		w := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(w, request)
		if w.Code < 500 {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		s.judgeRefusal(t, log.take(), fmt.Sprint(w.Header(), w.Body))
	})
}

// judgeRefusal looks for one record with cause and caller, and for what of it was said.
func (s *standards) judgeRefusal(t *testing.T, records []map[string]string, said string) {
	t.Helper()
	var refused []map[string]string
	for _, r := range records {
		if r["msg"] == "refused" {
			refused = append(refused, r)
		}
	}
	if len(refused) != 1 {
		t.Fatalf("logged %v", records)
	}
	r := refused[0]
	if !strings.Contains(r["caller"], fmt.Sprint(s.caller.UID)) || r["error"] == "" && r["cause"] == "" && r["description"] == "" {
		t.Errorf("logged %v", r)
	}
	if cause := r["cause"]; cause != "" && cause != "<nil>" && strings.Contains(said, cause) {
		t.Errorf("the peer is told the cause: %s", said)
	}
	for _, inner := range []string{"fosite", "store:", "bbolt", "transaction", ".go:", "goroutine", "jwt", "sql", "resource owner", "panic", "/offlineauth/", "uid:"} {
		if strings.Contains(said, inner) {
			t.Errorf("the peer is told of %q: %s", inner, said)
		}
	}
}

func (s *standards) context() context.Context { return ipcapi.WithCaller(s.Context(), s.caller) }

func (s *standards) request(method, path, body string) *http.Request {
	return httptest.NewRequestWithContext(s.context(), method, issuer+path, strings.NewReader(body))
}

func (s *standards) asForm(path string, form url.Values) *http.Request {
	return with(s.request(http.MethodPost, path, form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func with(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

// as is the request of another app.
func as(r *http.Request, identity string) *http.Request {
	caller, _ := ipcapi.CallerFrom(r.Context())
	caller.Identity = identity
	return r.WithContext(ipcapi.WithCaller(r.Context(), caller))
}
