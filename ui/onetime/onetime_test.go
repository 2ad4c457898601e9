package onetime

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// pages is a person's side: a page, and a decision that leads to the app.
func pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /consent/1", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "who asks") })
	mux.HandleFunc("POST /consent/1", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "com.example.maths:/done?code=1")
		w.WriteHeader(http.StatusSeeOther)
	})
	mux.HandleFunc("GET /refresh", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Refresh", "0; url=com.example.maths:/done?code=1")
		w.WriteHeader(http.StatusOK)
	})
	return mux
}

// show shows a page, and returns its one-time address and its end.
func show(t *testing.T, launched func(string) bool, done <-chan struct{}) (address string, ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	opened, end := make(chan string, 1), make(chan error, 1)
	p := Page{Pages: pages(), Path: "/consent/1", Launched: launched, Open: func(_ context.Context, address string) error {
		opened <- address
		return nil
	}}
	go func() { end <- p.Show(ctx, done) }()
	return <-opened, end
}

// browser follows redirects on localhost only.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Scheme != "http" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func fetch(t *testing.T, c *http.Client, method, address string) (status int, body string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(b), response.Header
}

func at(t *testing.T, address, path string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = path
	return u.String()
}

func TestOneBrowserDecides(t *testing.T) {
	done := make(chan struct{})
	address, ended := show(t, func(uri string) bool { return strings.HasPrefix(uri, "com.example.maths:") }, done)
	b := browser(t)
	if status, body, _ := fetch(t, b, "GET", address); status != http.StatusOK || body != "who asks" {
		t.Fatalf("%d %s", status, body)
	}
	if status, body, _ := fetch(t, browser(t), "GET", at(t, address, "/consent/1")); status != http.StatusForbidden {
		t.Errorf("another browser: %d %s", status, body)
	}
	if _, _, header := fetch(t, b, "GET", at(t, address, "/refresh")); header.Get("Refresh") != "" {
		t.Errorf("the browser would launch what was launched: %v", header)
	}
	if status, body, _ := fetch(t, b, "POST", at(t, address, "/consent/1")); status != http.StatusOK || !strings.Contains(body, "The app has been told") {
		t.Errorf("after the decision: %d %s", status, body)
	}
	close(done)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLanguages: what the person sees after the pages is in the language of the pages.
func TestLanguages(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /consent/1", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Language", "ar") // as the person has chosen
		w.WriteHeader(http.StatusOK)
	})
	opened, done := make(chan string, 1), make(chan struct{})
	ended := make(chan error, 1)
	p := Page{Pages: mux, Path: "/consent/1", Open: func(_ context.Context, address string) error { opened <- address; return nil }}
	go func() { ended <- p.Show(t.Context(), done) }()
	address := <-opened
	first, other := browser(t), browser(t)
	fetch(t, first, "GET", address)
	if _, body, header := fetch(t, first, "GET", at(t, address, last)); !strings.Contains(body, `<html lang="ar" dir="rtl">`) || header.Get("Content-Language") != "ar" {
		t.Errorf("%v %s", header, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", at(t, address, "/consent/1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "fr-CA, en;q=0.5")
	response, err := other.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), `<html lang="fr" dir="ltr">`) || response.StatusCode != http.StatusForbidden {
		t.Errorf("another browser: %d %s", response.StatusCode, body)
	}
	close(done)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTheBrowserFollowsWhatWasNotLaunched(t *testing.T) {
	address, _ := show(t, nil, nil)
	b := browser(t)
	fetch(t, b, "GET", address)
	if status, _, header := fetch(t, b, "POST", at(t, address, "/consent/1")); status != http.StatusSeeOther || header.Get("Location") != "com.example.maths:/done?code=1" {
		t.Errorf("%d %v", status, header)
	}
}

func TestSecondUseEndsIt(t *testing.T) {
	address, ended := show(t, nil, nil)
	first, second := browser(t), browser(t)
	fetch(t, first, "GET", address)
	if status, body, _ := fetch(t, second, "GET", address); status != http.StatusGone {
		t.Errorf("the second: %d %s", status, body)
	}
	if err := <-ended; !errors.Is(err, ErrSecondUse) {
		t.Errorf("it ended by %v", err)
	}
}

func TestSecretAndCookie(t *testing.T) {
	v := &visit{page: Page{Pages: pages(), Path: "/consent/1"}, host: "127.0.0.1:1", secret: "s3cret", cookie: "c00kie", name: "n", stolen: make(chan struct{})}
	ask := func(method, path, host string, change func(*http.Request)) *http.Response {
		r := httptest.NewRequest(method, "http://"+host+path, nil)
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		v.ServeHTTP(w, r)
		return w.Result()
	}
	for _, test := range []struct {
		name, method, path, host string
		change                   func(*http.Request)
		status                   int
	}{
		{"another name for this address", "GET", "/start/s3cret", "evil.example:1", nil, http.StatusMisdirectedRequest},
		{"a wrong secret", "GET", "/start/x", "127.0.0.1:1", nil, http.StatusNotFound},
		{"no secret", "GET", "/start/", "127.0.0.1:1", nil, http.StatusNotFound},
		{"prefetched", "GET", "/start/s3cret", "127.0.0.1:1", func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch") }, http.StatusNoContent},
		{"looked at", "HEAD", "/start/s3cret", "127.0.0.1:1", nil, http.StatusNoContent},
		{"no cookie", "GET", "/consent/1", "127.0.0.1:1", nil, http.StatusForbidden},
		{"a wrong cookie", "GET", "/consent/1", "127.0.0.1:1", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "n", Value: "x"}) }, http.StatusForbidden},
		{"the secret in the place of the cookie", "GET", "/consent/1", "127.0.0.1:1", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "n", Value: "s3cret"}) }, http.StatusForbidden},
		{"the first", "GET", "/start/s3cret", "127.0.0.1:1", nil, http.StatusSeeOther},
		{"with its cookie", "GET", "/consent/1", "127.0.0.1:1", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "n", Value: "c00kie"}) }, http.StatusOK},
		{"the second", "GET", "/start/s3cret", "127.0.0.1:1", nil, http.StatusGone},
		{"with its cookie, afterwards", "GET", "/consent/1", "127.0.0.1:1", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "n", Value: "c00kie"}) }, http.StatusGone},
	} {
		response := ask(test.method, test.path, test.host, test.change)
		if response.StatusCode != test.status {
			t.Errorf("%s: %s, want %d", test.name, response.Status, test.status)
		}
		for _, cookie := range response.Cookies() {
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || test.name != "the first" {
				t.Errorf("%s: cookie %v", test.name, cookie)
			}
		}
	}
}

func TestNoBrowser(t *testing.T) {
	failure := errors.New("no browser")
	p := Page{Pages: pages(), Path: "/", Open: func(context.Context, string) error { return failure }}
	if err := p.Show(t.Context(), nil); !errors.Is(err, failure) {
		t.Error(err)
	}
}
