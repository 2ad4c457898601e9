package ipcapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long the service's end of a stream waits.
const (
	headTimeout     = 10 * time.Second // for a whole head
	progressTimeout = 30 * time.Second // for the next bytes of a body
	idleTimeout     = 2 * time.Minute  // for the next request
)

// StreamConfig is what [NewStreamServer] needs beside the handler.
type StreamConfig struct {
	// Caller identifies the peer of a connection, once for each; an error turns
	// it away. nil leaves requests without a caller.
	Caller func(ctx context.Context, conn net.Conn) (Caller, error)
	Limits Limits       // Body caps each request's body
	Budget *Budget      // of each uid, for bodies; nil means one of this server's own
	Logger *slog.Logger // nil means slog.Default()
}

// NewStreamServer returns the service's end of the stream wire. Give its Serve a
// listener of an operating system's transport. Heads, idle connections and the
// progress of bodies have deadlines.
func NewStreamServer(h http.Handler, c StreamConfig) *http.Server {
	logger := c.Logger
	if logger == nil {
		logger = slog.Default()
	}
	budget := c.Budget
	if budget == nil {
		budget = &Budget{PerUID: max(DefaultBudget, c.Limits.body())}
	}
	return &http.Server{
		Handler:           &streamHandler{HopHandler(h, logger), c.Limits.body(), budget, logger},
		MaxHeaderBytes:    c.Limits.head(),
		ReadHeaderTimeout: headTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			if c.Caller == nil {
				return ctx
			}
			identify := sync.OnceValues(func() (Caller, error) { return c.Caller(ctx, conn) })
			return context.WithValue(ctx, identifyKey{}, identify)
		},
	}
}

// identifyKey finds the function that identifies a connection's peer. It runs
// with the first request, so that a slow attestor does not hold up accepting.
type identifyKey struct{}

type streamHandler struct {
	next   http.Handler
	body   int64
	budget *Budget
	logger *slog.Logger
}

func (h *streamHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if identify, ok := r.Context().Value(identifyKey{}).(func() (Caller, error)); ok {
		caller, err := identify()
		if err != nil {
			h.logger.WarnContext(r.Context(), "ipc: caller refused", "reason", err)
			fail(w, http.StatusForbidden, refused, "this caller is not served")
			return
		}
		r = r.WithContext(WithCaller(r.Context(), caller))
		r.RemoteAddr = caller.Transport
	}
	if r.ContentLength > h.body {
		fail(w, http.StatusRequestEntityTooLarge, requestTooLarge, "the request was too large and was not carried out")
		return
	}
	if r.Body == http.NoBody {
		h.next.ServeHTTP(w, r)
		return
	}
	share := h.budget.Share(uidOf(r.Context()))
	defer share.Close()
	if r.ContentLength > 0 && share.Wait(r.Context(), r.ContentLength) != nil {
		fail(w, http.StatusServiceUnavailable, busy, busyText)
		return
	}
	body := &patientBody{ReadCloser: http.MaxBytesReader(w, r.Body, h.body), control: http.NewResponseController(w)}
	if r.ContentLength < 0 {
		body.memory = share.Take
	}
	defer body.finish()
	r.Body = body
	h.next.ServeHTTP(w, r)
}

func uidOf(ctx context.Context) int {
	if caller, ok := CallerFrom(ctx); ok {
		return caller.UID
	}
	return -1
}

func fail(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set(errorField, kind)
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
}

// patientBody waits for each next piece of a body, but not for ever.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	memory  func(n int64) bool // asked for a body whose length nobody knows; else nil
	ended   bool
}

func (b *patientBody) Read(p []byte) (int, error) {
	if b.ended {
		return b.ReadCloser.Read(p)
	}
	b.control.SetReadDeadline(time.Now().Add(progressTimeout))
	n, err := b.ReadCloser.Read(p)
	if b.memory != nil && n > 0 && !b.memory(int64(n)) {
		return 0, &Error{Op: "read", Kind: ErrBusy}
	}
	if errors.Is(err, io.EOF) {
		b.ended = true
		b.control.SetReadDeadline(time.Time{}) // the server now waits for a hang-up
	}
	return n, err
}

// finish bounds the time net/http spends on the rest of a body nobody read.
func (b *patientBody) finish() {
	if !b.ended {
		b.control.SetReadDeadline(time.Now().Add(headTimeout))
	}
}
