package ipcapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// MessageServer is the service's end of the message wire.
type MessageServer struct {
	Handler http.Handler
	Limits  Limits
	Stream  Address      // where the same handler is served as a stream; named in too-large answers
	Logger  *slog.Logger // nil means slog.Default()
	// Memory is asked before n more bytes of a response are kept. If it says no,
	// the response is too large. nil means yes, within Limits.
	Memory func(n int64) bool
}

// ServeMessage answers one request with a [MessageServer] that has no stream.
func ServeMessage(ctx context.Context, h http.Handler, request []byte, l Limits) []byte {
	return MessageServer{Handler: h, Limits: l}.Serve(ctx, request)
}

// Serve answers one request; it always has an answer. Malformed bytes get 400,
// too large ones 413, a panic 500 without details, all of them text/plain with
// an Ipc-Error field. ctx carries the [Caller] and ends when the caller goes
// away. request must stay unchanged until Serve returns.
func (s MessageServer) Serve(ctx context.Context, request []byte) []byte {
	r, err := UnmarshalRequest(request, s.Limits)
	var bad *MessageError
	switch {
	case errors.As(err, &bad):
		s.logger().InfoContext(ctx, "ipc: request refused", "reason", err)
		return answer(http.StatusBadRequest, malformed, Address{}, err.Error())
	case err != nil, r.Method == http.MethodOptions && r.Header.Get(errorField) == requestTooLarge:
		return RequestTooLargeAnswer(s.Stream)
	}
	if caller, ok := CallerFrom(ctx); ok {
		r.RemoteAddr = caller.Transport
	}
	rec := &recorder{header: http.Header{}, limit: s.Limits.body(), memory: s.Memory}
	s.Handler = HopHandler(s.Handler, s.Logger)
	if !s.run(rec, r.WithContext(ctx)) {
		return answer(http.StatusInternalServerError, "failed", Address{}, "internal error")
	}
	return s.finish(ctx, rec, r)
}

// run reports whether the handler returned rather than panicked.
func (s MessageServer) run(w http.ResponseWriter, r *http.Request) (ok bool) {
	defer func() {
		p := recover()
		if p != nil && p != http.ErrAbortHandler {
			s.logger().ErrorContext(r.Context(), "ipc: handler panicked",
				"request", w.Header().Get(requestField), "panic", p, "path", r.URL.Path, "stack", string(debug.Stack()))
		}
		ok = ok && p == nil
	}()
	s.Handler.ServeHTTP(w, r)
	return true
}

func (s MessageServer) finish(ctx context.Context, rec *recorder, r *http.Request) []byte {
	if rec.overflow {
		return ResponseTooLargeAnswer(s.Stream)
	}
	b, err := MarshalResponse(rec.response(r), s.Limits)
	switch {
	case errors.Is(err, ErrTooLarge):
		return ResponseTooLargeAnswer(s.Stream)
	case err != nil:
		s.logger().ErrorContext(ctx, "ipc: the handler's response cannot be sent", "request", rec.header.Get(requestField), "path", r.URL.Path, "reason", err)
		return answer(http.StatusInternalServerError, "failed", Address{}, "internal error")
	}
	return b
}

func (s MessageServer) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.Default()
	}
	return s.Logger
}

// recorder gathers a response that must be whole before any of it is sent. It
// cannot be flushed or hijacked: a message is no stream.
type recorder struct {
	header   http.Header
	sent     http.Header // header as it was when the status was written
	status   int
	body     bytes.Buffer
	limit    int64
	memory   func(n int64) bool
	overflow bool
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if int64(w.body.Len())+int64(len(b)) > w.limit || w.memory != nil && !w.memory(int64(len(b))) {
		w.overflow = true
		return 0, &TooLargeError{Limit: w.limit, Response: true}
	}
	return w.body.Write(b)
}

// response adds the fields that net/http's server would.
func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	body := w.body.Bytes()
	if _, set := w.sent["Content-Type"]; !set && len(body) > 0 {
		w.sent.Set("Content-Type", http.DetectContentType(body))
	}
	if _, set := w.sent["Date"]; !set {
		w.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	w.sent.Del(errorField)
	return &http.Response{StatusCode: w.status, Header: w.sent, Request: r,
		Body: bodyOf(body), ContentLength: int64(len(body))}
}
