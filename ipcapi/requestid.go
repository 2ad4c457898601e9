package ipcapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
)

// requestField carries the name of one request through both processes, so that
// their logs can be laid side by side.
const requestField = "Ipc-Request-Id"

type requestIDKey struct{}

// RequestID returns the name of the request that ctx belongs to, as it is in the
// logs of both ends, and "" outside of one. It comes from the caller: it names,
// and proves nothing.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// WithRequestID returns a context that has a name, for requests that belong
// together: that of ctx, or a new one.
func WithRequestID(ctx context.Context) context.Context {
	if RequestID(ctx) != "" {
		return ctx
	}
	return context.WithValue(ctx, requestIDKey{}, newRequestID())
}

func newRequestID() string { return rand.Text()[:12] }

// isRequestID keeps what a caller writes into our logs short and plain.
func isRequestID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, letters+digits+"-._") == ""
}

// LogHandler returns a handler that adds the name of the request, as "request",
// to every record whose context has one.
func LogHandler(next slog.Handler) slog.Handler {
	if already, ok := next.(logHandler); ok {
		return already
	}
	return logHandler{next}
}

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
