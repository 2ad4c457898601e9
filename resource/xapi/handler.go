package xapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// Config says what a handler serves. Store, Guard and Issuer are required.
type Config struct {
	Store   *Store
	Guard   *resource.Guard
	Issuer  string       // who names accounts and clients: the homePage of authorities and own agents
	Path    string       // where the API is, below the issuer; "/xapi" if empty
	MaxBody int64        // of a request, in bytes; 16 MiB if zero
	Logger  *slog.Logger // gets every refusal with its cause; slog.Default if nil
}

// DefaultPath is where the API is below the issuer.
const DefaultPath = "/xapi"

const defaultMaxBody = 16 << 20

type api struct {
	Config
	below string // the path of the issuer
}

// NewHandler serves the resources of xAPI. It expects requests with their whole
// path, and who is calling in their context, as package ipcapi puts it there.
func NewHandler(cfg Config) (http.Handler, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("xapi: the issuer: %w", err)
	}
	if cfg.Store == nil || cfg.Guard == nil {
		return nil, errors.New("xapi: Config has no Store or no Guard")
	}
	if cfg.Path == "" {
		cfg.Path = DefaultPath
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	a := &api{cfg, strings.TrimSuffix(issuer.EscapedPath(), "/")}
	return a.outermost(a.routes()), nil
}

// routes are the resources (Communication 2).
func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	base := a.below + a.Path
	guarded := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+base+path, a.Guard.Require("", a.answer(h)))
	}
	mux.Handle("GET "+base+"/about", a.answer(a.about))
	mux.Handle("GET "+base+"/statements", a.consistent(a.Guard.Require("", a.answer(a.getStatements))))
	guarded("POST /statements", a.postStatements)
	guarded("PUT /statements", a.putStatement)
	guarded("GET /agents", a.getPerson)
	guarded("GET /activities", a.getActivity)
	for resource, path := range paths {
		r := documents{a, resource}
		guarded("GET /"+path, r.get)
		guarded("PUT /"+path, r.put)
		guarded("POST /"+path, r.post)
		guarded("DELETE /"+path, r.delete)
	}
	return mux
}

// A problem is an answer of 4xx (Communication 3.2).
type problem struct {
	status int
	reason string
}

func (p *problem) Error() string { return p.reason }

func refuse(status int, format string, args ...any) error {
	return &problem{status, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return refuse(http.StatusBadRequest, format, args...)
}

// answer turns an error into an answer and a line in the log.
func (a *api) answer(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, reason := statusOf(err)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	caller, _ := ipcapi.CallerFrom(r.Context())
	a.Logger.Log(r.Context(), level, "xapi: refused", "status", status, "cause", err, "method", r.Method, "path", r.URL.Path, "caller", caller)
	http.Error(w, reason, status)
}

// statusOf says what a peer may know of an error.
func statusOf(err error) (status int, reason string) {
	var p *problem
	var wrong *statement.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p.status, p.reason
	case errors.As(err, &wrong), errors.Is(err, statement.ErrSignature), errors.Is(err, ErrNotVoidable):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, ErrConflict):
		return http.StatusConflict, err.Error()
	case errors.Is(err, ErrNotFound):
		return http.StatusNotFound, "there is no such record"
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes", large.Limit)
	case errors.Is(err, ErrClosed), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, "not now"
	}
	return http.StatusInternalServerError, "internal error"
}
