package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func atLoopback(t *testing.T) redirects {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := listenForRedirects(ctx, strings.NewReader(""), "http://127.0.0.1/done?from=auth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

// The browser has its answer before the program, which may end then, goes on.
func TestRedirectIsAnsweredBeforeTheEnd(t *testing.T) {
	r := atLoopback(t)
	if r.typed || !strings.HasPrefix(r.uri, "http://127.0.0.1:") || !strings.HasSuffix(r.uri, "/done?from=auth") {
		t.Errorf("listens at %s", r.uri)
	}
	answered := make(chan error, 1)
	go func() {
		response, err := http.Get(r.uri + "&code=c")
		if err == nil {
			response.Body.Close()
		}
		answered <- err
	}()
	if got := <-r.received; got != r.uri+"&code=c" {
		t.Errorf("received %s", got)
	}
	r.close()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestRedirectsAreForOnePage(t *testing.T) {
	r := atLoopback(t)
	base := strings.TrimSuffix(r.uri, "/done?from=auth")
	for _, test := range []struct {
		method, url string
		status      int
	}{
		{http.MethodGet, base + "/favicon.ico", http.StatusNotFound},
		{http.MethodPost, r.uri, http.StatusMethodNotAllowed},
		{http.MethodGet, strings.Replace(r.uri, "127.0.0.1", "localhost", 1), http.StatusMisdirectedRequest},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = request.URL.Host
		request.URL.Host = strings.Replace(request.URL.Host, "localhost", "127.0.0.1", 1)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("%s %s: %s", test.method, test.url, response.Status)
		}
	}
}

func TestRedirectsAsLines(t *testing.T) {
	r, err := listenForRedirects(t.Context(), strings.NewReader("\n  com.example.maths:/done?code=c \r\nlast"), "com.example.maths:/done")
	if err != nil || !r.typed {
		t.Fatalf("%+v, %v", r, err)
	}
	var got []string
	for line := range r.received {
		got = append(got, line)
	}
	if strings.Join(got, "|") != "com.example.maths:/done?code=c|last" {
		t.Errorf("got %q", got)
	}
}
