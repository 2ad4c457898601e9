package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
)

// hosts is a network of several hosts in this process. It notes which of them saw
// a token.
type hosts struct {
	app   *clienttest.App
	pages map[string]http.HandlerFunc
	seen  []string // origin, with " with a token"
}

func (h *hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	saw := r.URL.Scheme + "://" + r.URL.Host
	if r.Header.Get("Authorization") != "" {
		saw += " with a token"
	}
	h.seen = append(h.seen, saw)
	page, ok := h.pages[r.URL.Host+r.URL.Path]
	if !ok {
		return h.app.HTTPClient().Transport.RoundTrip(r)
	}
	recorded := httptest.NewRecorder()
	page(recorded, r)
	return recorded.Result(), nil
}

func newHosts(t *testing.T, resources ...string) (*device, *hosts) {
	d := newDevice(t)
	h := &hosts{app: d.app, pages: map[string]http.HandlerFunc{}}
	d.config.HTTPClient = &http.Client{Transport: h}
	d.config.Resources = resources
	d.restart()
	return d, h
}

func TestTokenGoesToNoOtherOrigin(t *testing.T) {
	d, h := newHosts(t, "https://api.example/v1")
	hc := d.login()
	h.seen = nil
	for _, to := range []string{
		"http://auth.example/userinfo", "https://auth.example:8443/userinfo", "https://evil.example/", "https://auth.example.evil.example/",
		"https://auth.example@evil.example/", "https://auth.example./userinfo", "http://api.example/", "https://xn--uth-5cd.example/", "https://аuth.example/",
	} {
		body := &closing{Reader: strings.NewReader("x")}
		r, err := http.NewRequestWithContext(t.Context(), "POST", to, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hc.Do(r); !errors.Is(err, client.ErrOtherOrigin) || !body.closed {
			t.Errorf("%s: %v", to, err)
		}
	}
	opaque := &http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "auth.example", Opaque: "//evil.example/"}, Header: http.Header{}}
	if _, err := hc.Do(opaque); !errors.Is(err, client.ErrOtherOrigin) {
		t.Errorf("opaque: %v", err)
	}
	if len(h.seen) != 0 {
		t.Errorf("something was sent: %q", h.seen)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestTokenGoesToResources(t *testing.T) {
	d, h := newHosts(t, "https://api.example/v1", "https://files.example:8443")
	hc := d.login()
	ok := func(http.ResponseWriter, *http.Request) {}
	h.pages["api.example/v1"], h.pages["API.example:443/x"], h.pages["files.example:8443/f"] = ok, ok, ok
	h.seen = nil
	for _, url := range []string{"https://api.example/v1", "https://API.example:443/x", "https://files.example:8443/f", "https://AUTH.example/userinfo"} {
		if status, err := fetch(t.Context(), hc, url); status != 200 || err != nil {
			t.Errorf("%s: %d, %v", url, status, err)
		}
	}
	for _, saw := range h.seen {
		if !strings.HasSuffix(saw, " with a token") {
			t.Error(saw)
		}
	}
}

func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		name, location string
		status         int // what the caller sees
	}{
		{"within the origin", "/userinfo", 200},
		{"to a resource", "https://api.example/v1", 200},
		{"to another origin", "https://evil.example/", 307},
		{"to plain http", "http://auth.example/userinfo", 307},
		{"to another port", "https://auth.example:8443/", 307},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, h := newHosts(t, "https://api.example/v1")
			hc := d.login()
			h.pages["auth.example/start"] = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", c.location)
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
			h.pages["api.example/v1"] = func(w http.ResponseWriter, r *http.Request) {}
			h.seen = nil
			if status, err := fetch(t.Context(), hc, issuer+"/start"); status != c.status || err != nil {
				t.Errorf("%d, %v", status, err)
			}
			if (len(h.seen) == 2) != (c.status == 200) {
				t.Errorf("%q", h.seen)
			}
		})
	}
}

// Over IPC nothing goes to the network because of a redirect.
func TestRedirectOutOfIPC(t *testing.T) {
	d, _ := newSocketDevice(t)
	d.app.Handle("/away", http.RedirectHandler("https://evil.example/", http.StatusFound))
	d.app.Handle("/here", http.RedirectHandler(issuer+"/userinfo", http.StatusFound))
	hc := d.login()
	for path, want := range map[string]int{"/away": 302, "/here": 200} {
		if status, err := fetch(t.Context(), hc, issuer+path); status != want || err != nil {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
}

func TestRedirectsForEver(t *testing.T) {
	d, h := newHosts(t)
	hc := d.login()
	h.pages["auth.example/loop"] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) }
	if _, err := fetch(t.Context(), hc, issuer+"/loop"); err == nil {
		t.Error("followed for ever")
	}
}

func TestAnswersOfAPIsAreNoErrors(t *testing.T) {
	d, h := newHosts(t)
	hc := d.login()
	for _, want := range []int{201, 204, 304, 400, 401, 403, 404, 409, 500, 503} {
		h.pages["auth.example/x"] = func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(want) }
		if status, err := fetch(context.Background(), hc, issuer+"/x"); status != want || err != nil {
			t.Errorf("%d became %d, %v", want, status, err)
		}
	}
}
