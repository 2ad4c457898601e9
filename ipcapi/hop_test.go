package ipcapi

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// TestRequestIDs sends requests through two hops and looks at what the handler,
// the caller and the log are told.
func TestRequestIDs(t *testing.T) {
	for sent, want := range map[string]string{
		"":                      "",
		"from-the-caller_1.0":   "from-the-caller_1.0",
		strings.Repeat("x", 64): strings.Repeat("x", 64),
		strings.Repeat("x", 65): "",
		"two words":             "",
		`"quoted"`:              "",
	} {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			slog.New(LogHandler(logger.Handler())).With("a", "b").InfoContext(r.Context(), "handler")
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, RequestID(r.Context()))
		})
		service := MessageServer{Handler: handler, Logger: logger}
		near := Hop(Hop(&MessageTransport{Exchanger: exchangeFunc(func(ctx context.Context, request []byte) ([]byte, error) {
			return service.Serve(ctx, request), nil
		})}, "second", logger), "first", logger)
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://a.example/path?secret", nil)
		if sent != "" {
			r.Header.Set(requestField, sent)
		}
		resp, err := near.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		got := string(body)
		if want != "" && got != want || want == "" && (got == sent || len(got) != 12) || resp.Header.Get(requestField) != got {
			t.Errorf("%q became %q, and %q for the caller", sent, got, resp.Header.Get(requestField))
		}
		if lines := strings.Count(log.String(), "request="+got+"\n"); lines != 7 || strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "status=418") {
			t.Errorf("%d lines of\n%s", lines, log.String())
		}
		if r.Header.Get(requestField) != sent {
			t.Error("the caller's own request was changed")
		}
	}
}

func TestNobodyIsLoggedForUnlessAsked(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	near := Hop(Local(http.NotFoundHandler(), Caller{}), "there", logger)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://a.example/", nil)
	if _, err := near.RoundTrip(r); err != nil || log.Len() != 0 {
		t.Errorf("%v, %s", err, log.String())
	}
}
