package ipcapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

func get(t *testing.T, rt http.RoundTripper, method, body string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://issuer.example/x?y=z", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func TestLocalSeesWhatAServerWould(t *testing.T) {
	caller := Caller{Transport: "local", UID: 7, PID: 8, Identity: "uid:7"}
	type leak struct{}
	rt := Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, ok := CallerFrom(r.Context())
		body, _ := io.ReadAll(r.Body)
		if !ok || got != caller || r.RemoteAddr != "local" || r.Context().Value(leak{}) != nil ||
			r.Host != "issuer.example" || r.RequestURI != "/x?y=z" || string(body) != "a=b" || r.ContentLength != 3 {
			t.Errorf("%+v %+v %q", got, r, body)
		}
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("Too", "late")
		io.WriteString(w, "<html>")
	}), caller)
	r, _ := http.NewRequestWithContext(context.WithValue(t.Context(), leak{}, 1), "POST", "https://issuer.example/x?y=z", strings.NewReader("a=b"))
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 201 || string(b) != "<html>" || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
		resp.Header.Get("Date") == "" || resp.Header.Get("Too") != "" || resp.Request != r {
		t.Errorf("%+v %q", resp, b)
	}
}

func TestHeadHasNoLength(t *testing.T) {
	rt := Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }), Caller{})
	resp, body, err := get(t, rt, "HEAD", "")
	if err != nil || body != "" || resp.Header.Get("Content-Length") != "" {
		t.Errorf("%+v %q %v", resp, body, err)
	}
}

func TestServeMessageNeverFails(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("secret")
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/long-field":
			w.Header().Set("Location", strings.Repeat("x", 4001))
		case "/forged":
			w.Header().Set("Ipc-Error", "refused")
		case "/large":
			w.Write(make([]byte, 101))
		}
	}
	stream := Address{Scheme: Unix, Path: "/run/s"}
	server := MessageServer{Handler: http.HandlerFunc(handler), Limits: Limits{Head: 200, Body: 100}, Stream: stream, Logger: quiet}
	tests := []struct {
		request, kind string
		status        int
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 200},
		{"", "malformed", 400},
		{"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", "failed", 500},
		{"GET /abort HTTP/1.1\r\nHost: a\r\n\r\n", "failed", 500},
		{"GET /long-field HTTP/1.1\r\nHost: a\r\n\r\n", "failed", 500},
		{"GET /forged HTTP/1.1\r\nHost: a\r\n\r\n", "", 200},
		{"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", "response-too-large", 500},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", "request-too-large", 413},
		{"GET /" + strings.Repeat("x", 200) + " HTTP/1.1\r\nHost: a\r\n\r\n", "request-too-large", 413},
		{"OPTIONS / HTTP/1.1\r\nHost: a\r\nIpc-Error: request-too-large\r\n\r\n", "request-too-large", 413},
	}
	for _, test := range tests {
		out := server.Serve(t.Context(), []byte(test.request))
		resp, err := UnmarshalResponse(out, nil, Limits{})
		if err != nil || resp.StatusCode != test.status || resp.Header.Get("Ipc-Error") != test.kind || strings.Contains(string(out), "secret") {
			t.Errorf("%.30q: %q, %v", test.request, out, err)
			continue
		}
		if named := streamAddress(resp) == stream; named != strings.HasSuffix(test.kind, "too-large") {
			t.Errorf("%.30q: stream named: %v", test.request, named)
		}
	}
}

type exchangeFunc func(ctx context.Context, request []byte) ([]byte, error)

func (f exchangeFunc) Exchange(ctx context.Context, b []byte) ([]byte, error) { return f(ctx, b) }

func TestEveryExchangeHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, _, err := get(t, &MessageTransport{Exchanger: exchangeFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, WrapError("exchange", Address{}, ctx.Err())
		})}, "GET", "")
		if waited := time.Since(start); !errors.Is(err, ErrDeadline) || waited != DefaultTimeout {
			t.Errorf("%v after %v", err, waited)
		}
	})
}

func TestAnswersBecomeErrors(t *testing.T) {
	stream := Address{Scheme: Unix, Path: "/run/s"}
	tests := map[string]struct {
		answer []byte
		check  func(error) bool
	}{
		"refused":   {RefusedAnswer(), func(err error) bool { return errors.Is(err, ErrRefused) }},
		"request":   {RequestTooLargeAnswer(stream), isLarge(TooLargeError{Stream: stream})},
		"response":  {ResponseTooLargeAnswer(stream), isLarge(TooLargeError{Stream: stream, Response: true})},
		"no stream": {ResponseTooLargeAnswer(Address{}), isLarge(TooLargeError{Response: true})},
		"nonsense":  {[]byte("nonsense"), func(err error) bool { return reasonOf(err) == "version" }},
		"too long":  {[]byte("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 101)), isLarge(TooLargeError{Limit: 100, Response: true})},
	}
	for name, test := range tests {
		rt := &MessageTransport{Limits: Limits{Body: 100}, Exchanger: exchangeFunc(func(context.Context, []byte) ([]byte, error) { return test.answer, nil })}
		if _, _, err := get(t, rt, "GET", ""); !test.check(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isLarge(want TooLargeError) func(error) bool {
	return func(err error) bool {
		var got *TooLargeError
		return errors.As(err, &got) && *got == want && errors.Is(err, ErrTooLarge)
	}
}

func TestBodyAgreesWithItsLength(t *testing.T) {
	for _, length := range []int64{2, 4} {
		r, _ := http.NewRequest("POST", "https://a.example/", io.NopCloser(strings.NewReader("abc")))
		r.ContentLength = length
		if _, err := MarshalRequest(r, Limits{}); reasonOf(err) != "body-length" {
			t.Errorf("length %d: %v", length, err)
		}
	}
	r, _ := http.NewRequest("POST", "https://a.example/", endless{})
	if _, err := MarshalRequest(r, Limits{Body: 1000}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("endless body: %v", err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestFieldLimits(t *testing.T) {
	for size, want := range map[int]string{4000: "", 4001: "field-value-long"} {
		r, _ := http.NewRequest("GET", "https://a.example/", nil)
		r.Header.Set("Authorization", strings.Repeat("x", size))
		if _, err := MarshalRequest(r, Limits{}); reasonOf(err) != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestErrorsTellWhatToDo(t *testing.T) {
	a := Address{Scheme: Unix, Path: "/run/s"}
	err := WrapError("dial", a, context.DeadlineExceeded)
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, ErrDeadline) || WrapError("x", Address{}, err) != err || WrapError("x", a, nil) != nil {
		t.Error(err)
	}
	large := &TooLargeError{Limit: 5, Stream: a, Response: true}
	for _, want := range []string{"carried out", "5 bytes", "unix:/run/s"} {
		if !strings.Contains(large.Error(), want) {
			t.Errorf("%q lacks %q", large, want)
		}
	}
}
