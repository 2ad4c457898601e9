package ipcapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Hop returns a transport that gives each request a name, which goes with it to
// the other process and its logs, and that logs it and its answer at level
// debug. to says for people where next leads. nil means slog.Default().
//
// A request whose head has a name, or whose context does, keeps it: that is how
// a name goes through a process in between. Of a URL only the path is logged.
func Hop(next http.RoundTripper, to string, l *slog.Logger) http.RoundTripper {
	return &hop{next, to, l}
}

type hop struct {
	next   http.RoundTripper
	to     string
	logger *slog.Logger
}

func (h *hop) RoundTrip(r *http.Request) (*http.Response, error) {
	r = named(r)
	log := logger(h.logger)
	if !log.Enabled(r.Context(), slog.LevelDebug) {
		return h.next.RoundTrip(r)
	}
	begun := time.Now()
	log.DebugContext(r.Context(), "ipc: request goes out", "to", h.to, "method", r.Method, "path", r.URL.Path)
	resp, err := h.next.RoundTrip(r)
	if err != nil {
		log.DebugContext(r.Context(), "ipc: no answer", "after", time.Since(begun), "reason", err)
		return nil, err
	}
	log.DebugContext(r.Context(), "ipc: answer came", "after", time.Since(begun), "status", resp.StatusCode)
	return resp, nil
}

// CloseIdleConnections closes those of the transport behind it.
func (h *hop) CloseIdleConnections() {
	if closer, ok := h.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// logger is l, or the default one, with the names of requests.
func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		l = slog.Default()
	}
	return slog.New(LogHandler(l.Handler()))
}

// named returns r with its name in its head and its context.
func named(r *http.Request) *http.Request {
	id := r.Header.Get(requestField)
	if !isRequestID(id) {
		id = RequestID(r.Context())
	}
	if id == "" {
		id = newRequestID()
	}
	r = r.Clone(context.WithValue(r.Context(), requestIDKey{}, id))
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set(requestField, id)
	return r
}

// HopHandler gives each request that comes in a name, its own or a new one, which
// goes back with the answer, and logs the two at level debug. The servers of this
// package have it before their handlers already. nil means slog.Default().
func HopHandler(next http.Handler, l *slog.Logger) http.Handler {
	log := logger(l)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestField)
		if !isRequestID(id) {
			id = newRequestID()
		}
		w.Header().Set(requestField, id)
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		if !log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		kept, begun := &statusKeeper{w, http.StatusOK}, time.Now()
		log.DebugContext(r.Context(), "ipc: request came in", append([]any{"method", r.Method, "path", r.URL.Path}, described(r.Context())...)...)
		next.ServeHTTP(kept, r)
		log.DebugContext(r.Context(), "ipc: answer goes out", "after", time.Since(begun), "status", kept.status)
	})
}

// described says in the log who calls.
func described(ctx context.Context) []any {
	c, ok := CallerFrom(ctx)
	if !ok {
		return nil
	}
	return []any{"transport", c.Transport, "uid", c.UID, "pid", c.PID, "executable", c.Executable, "identity", c.Identity}
}

// statusKeeper remembers the status of an answer for the log.
type statusKeeper struct {
	http.ResponseWriter
	status int
}

func (k *statusKeeper) WriteHeader(status int) {
	if status >= http.StatusOK {
		k.status = status
	}
	k.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController through.
func (k *statusKeeper) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// Flush is for handlers that ask for an http.Flusher: they are to do the same
// whether or not somebody reads the log.
func (k *statusKeeper) Flush() { http.NewResponseController(k.ResponseWriter).Flush() }
