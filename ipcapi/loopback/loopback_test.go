package loopback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func start(t *testing.T, rt http.RoundTripper) *Server {
	t.Helper()
	s, err := Start(t.Context(), Config{Issuer: "https://issuer.example/tenant", Transport: rt, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func issuer(t *testing.T) http.RoundTripper {
	return ipcapi.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Origin", "X-Forwarded-For", "Forwarded", "Connection", "X-Hop"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s reached the issuer", name)
			}
		}
		w.Header().Set("Location", "https://issuer.example/tenant/next")
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s%s %s", r.Method, r.Host, r.RequestURI, body)
	}), ipcapi.Caller{})
}

func do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestRequestsReachTheIssuer(t *testing.T) {
	next := issuer(t)
	var prefix []string
	s := start(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		prefix = r.Header.Values("X-Forwarded-Prefix")
		return next.RoundTrip(r)
	}))
	r, _ := http.NewRequest("POST", s.BaseURL()+"/a%2Fb?c=d%20e", strings.NewReader("body"))
	r.Header = http.Header{"Origin": {"http://" + r.Host}, "X-Forwarded-For": {"1.2.3.4"}, "Forwarded": {"for=x"}, "Connection": {"X-Hop"}, "X-Hop": {"1"}, "X-Forwarded-Prefix": {"/forged"}}
	resp, body := do(t, r)
	if body != "POST issuer.example/tenant/a%2Fb?c=d%20e body" {
		t.Errorf("the issuer saw %q", body)
	}
	if got := resp.Header.Get("Location"); got != s.BaseURL()+"/next" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("Location %q", got)
	}
	if base, err := url.Parse(s.BaseURL()); err != nil || len(prefix) != 1 || prefix[0] != base.Path {
		t.Errorf("prefix %q, %v", prefix, err)
	}
}

func TestWhoIsTurnedAway(t *testing.T) {
	s := start(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s %s %v passed", r.Method, r.URL, r.Header)
		return nil, errors.New("passed")
	}))
	origin, secret := s.BaseURL()[:strings.LastIndex(s.BaseURL(), "/")], s.BaseURL()[strings.LastIndex(s.BaseURL(), "/"):]
	tests := []struct {
		name   string
		change func(r *http.Request)
		status int
	}{
		{"no secret", func(r *http.Request) { r.URL.Path = "/token" }, 404},
		{"wrong secret", func(r *http.Request) { r.URL.Path = secret[:len(secret)-1] + "!/token" }, 404},
		{"part of the secret", func(r *http.Request) { r.URL.Path = secret[:5] + "/token" }, 404},
		{"secret in the query", func(r *http.Request) { r.URL.Path, r.URL.RawQuery = "/", secret }, 404},
		{"DNS rebinding", func(r *http.Request) { r.Host = "evil.example" }, 403},
		{"DNS rebinding with the port", func(r *http.Request) { r.Host = "evil.example" + origin[strings.LastIndex(origin, ":"):] }, 403},
		{"another name", func(r *http.Request) { r.Host = "localhost" }, 403},
		{"foreign origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{"opaque origin", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"two origins", func(r *http.Request) { r.Header["Origin"] = []string{origin, origin} }, 403},
		{"cross-site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"upgrade", func(r *http.Request) { r.Header.Set("Upgrade", "websocket"); r.Header.Set("Connection", "Upgrade") }, 501},
		{"trace", func(r *http.Request) { r.Method = "TRACE" }, 405},
		{"dot segments", func(r *http.Request) { r.URL.Path = secret + "/../admin" }, 400},
		{"encoded dot segments", func(r *http.Request) { r.URL.Path, r.URL.RawPath = secret+"/../admin", secret+"/%2e%2E/admin" }, 400},
	}
	for _, test := range tests {
		r, _ := http.NewRequest("GET", s.BaseURL()+"/token", nil)
		test.change(r)
		if resp, body := do(t, r); resp.StatusCode != test.status || strings.Contains(body, secret[1:]) {
			t.Errorf("%s: %s %q, want %d", test.name, resp.Status, body, test.status)
		}
	}
}

func TestErrorsOfTheTransport(t *testing.T) {
	var failure error
	s := start(t, transportFunc(func(*http.Request) (*http.Response, error) { return nil, failure }))
	for err, want := range map[error]int{
		&ipcapi.Error{Op: "dial", Kind: ipcapi.ErrNoService}:   503,
		&ipcapi.Error{Op: "exchange", Kind: ipcapi.ErrBusy}:    503,
		&ipcapi.Error{Op: "dial", Kind: ipcapi.ErrDeadline}:    504,
		&ipcapi.Error{Op: "dial", Kind: ipcapi.ErrServiceDied}: 502,
		&ipcapi.TooLargeError{Limit: 1}:                        413,
		&ipcapi.TooLargeError{Limit: 1, Response: true}:        502,
	} {
		failure = err
		r, _ := http.NewRequest("GET", s.BaseURL()+"/", nil)
		if resp, body := do(t, r); resp.StatusCode != want || !strings.Contains(body, err.Error()) {
			t.Errorf("%v: %s %q", err, resp.Status, body)
		}
	}
}

func TestOnlyLoopbackAddresses(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "localhost:0", "nonsense"} {
		if s, err := Start(t.Context(), Config{Issuer: "https://a.example", Transport: issuer(t), Listen: address}); err == nil {
			s.Close()
			t.Errorf("listens on %s", address)
		}
	}
	for _, c := range []Config{{Issuer: "https://a.example"}, {Issuer: "/x", Transport: issuer(t)}, {Issuer: "https://a.example?x", Transport: issuer(t)}} {
		if _, err := Start(t.Context(), c); err == nil {
			t.Errorf("started with %+v", c)
		}
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Config{Issuer: "https://a.example", Transport: issuer(t)})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(s.BaseURL(), "http://"), "/")
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("still listening")
	}
}

func TestTheSecretIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	s, err := Start(t.Context(), Config{Issuer: "https://a.example", Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Transport: transportFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest("GET", s.BaseURL()+"/x", nil)
	do(t, r)
	s.Close()
	if !strings.Contains(log.String(), "down") || strings.Contains(log.String(), s.BaseURL()[strings.LastIndex(s.BaseURL(), "/")+1:]) {
		t.Errorf("log: %s", log.String())
	}
}
