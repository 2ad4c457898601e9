package offlineauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

// Config says what a [Server] serves. Issuer and DataDir are required.
type Config struct {
	Issuer       string          // issuer identifier (RFC 8414 section 2), https
	DataDir      string          // where the server keeps its files; made with mode 0700 if missing
	CustomScheme string          // a private-use scheme whose links open the app too; "" for none
	Services     ipcapi.Service  // where callers reach Handler: the `ipc-service` of redirects
	Scopes       []authz.Scope   // what clients may ask for; authz.DefaultScopes if nil
	Lifetimes    authz.Lifetimes // of what is issued; zero fields have defaults
	APIs         []API           // REST APIs served below the issuer, behind its tokens
	System       System          // what the operating system does for the server
	Logger       *slog.Logger    // slog.Default if nil

	// LearningRecords serves a learning record store (package xapi) at /xapi, with a
	// file of its own, and adds its scopes.
	LearningRecords bool
}

// A System is what an operating system can do for a [Server]. Where it cannot, the
// fields are nil.
type System struct {
	// Keys is what the files are sealed under; a key file beside them if nil.
	Keys store.KeyProvider

	// Claimants says which apps the system lets receive a redirect URI; see
	// authz.Config.
	Claimants func(ctx context.Context, redirectURI string) (identities []string, err error)
}

// A Server is an authorization server with its store, its pages and its APIs.
type Server struct {
	auth    *authz.Server
	store   *store.Store
	guard   *resource.Guard
	handler http.Handler
	pages   http.Handler
	records *xapi.Store // nil without LearningRecords

	recordsKeeping sync.Mutex // of work for which their key must stay

	forwarding forwarding

	log  *slog.Logger
	dir  string
	keys store.KeyProvider // nil for a key file

	close        func() error
	ended        chan struct{}
	sayEnded     func()
	stopSweeping context.CancelFunc
	sweeping     sync.WaitGroup
}

// New opens the data directory and makes the server. Close it when done. If
// another process has the directory open, the error is a store.ErrLocked.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Logger = slog.New(ipcapi.LogHandler(cfg.Logger.Handler()))
	if cfg.DataDir == "" {
		return nil, errors.New("offlineauth: Config.DataDir is empty; name the directory to keep the files in")
	}
	if err := checkPrivate(cfg.DataDir); err != nil {
		return nil, fmt.Errorf("offlineauth: %w", err)
	}
	st, err := store.Open(DataFile(cfg.DataDir), &store.Options{Keys: cfg.System.Keys, Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	s, err := build(ctx, cfg, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	s.startSweeping()
	return s, nil
}

func build(ctx context.Context, cfg Config, st *store.Store) (*Server, error) {
	if cfg.LearningRecords {
		cfg.Scopes = withRecords(cfg.Scopes)
	}
	auth, err := authz.New(ctx, authz.Config{
		Issuer:       cfg.Issuer,
		CustomScheme: cfg.CustomScheme,
		Store:        st,
		Services:     cfg.Services,
		Scopes:       cfg.Scopes,
		Lifetimes:    cfg.Lifetimes,
		Claimants:    cfg.System.Claimants,
		Logger:       cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	s := &Server{auth: auth, store: st, log: cfg.Logger, dir: cfg.DataDir, keys: cfg.System.Keys, ended: make(chan struct{})}
	s.close = sync.OnceValue(s.end)
	s.sayEnded = sync.OnceFunc(func() { close(s.ended) })
	s.guard = &resource.Guard{
		Introspector: introspector{auth},
		Basic:        introspector{auth},
		Audience:     cfg.Issuer,
		Proofs:       auth.Proofs(),
		Stranger:     s.stranger,
		Logger:       cfg.Logger,
		MetadataURL:  description(cfg).URL(),
	}
	s.pages = ui.NewPages(household{s}, cfg.Logger)
	if s.handler, err = s.callersSide(ctx, cfg); err != nil {
		return nil, errors.Join(err, s.closeRecords())
	}
	return s, nil
}

// callersSide is everything an app may reach, and nothing of the person's.
func (s *Server) callersSide(ctx context.Context, cfg Config) (http.Handler, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(issuer.EscapedPath(), "/")
	mux := http.NewServeMux()
	mux.Handle("/", s.auth.Handler())
	described := description(cfg)
	mux.Handle("GET "+described.Path(), described)
	userinfo := resource.Userinfo(s.guard, directory{s.store})
	mux.Handle("GET "+base+"/userinfo", userinfo)
	mux.Handle("POST "+base+"/userinfo", userinfo)
	if cfg.LearningRecords {
		if err := s.serveRecords(ctx, mux, base, cfg); err != nil {
			return nil, err
		}
	}
	for _, api := range cfg.APIs {
		if err := s.mount(mux, base, api); err != nil {
			return nil, fmt.Errorf("the API at %q: %w", api.Path, err)
		}
	}
	return s.onlyHost(issuer.Host, mux), nil
}

// onlyHost refuses requests for other origins (RFC 9110 section 15.5.20): a
// client that believes it speaks to somebody else must not be served. The default
// port of https may be written or not.
func (s *Server) onlyHost(host string, next http.Handler) http.Handler {
	host = strings.TrimSuffix(host, ":443")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(strings.TrimSuffix(r.Host, ":443"), host) {
			caller, _ := ipcapi.CallerFrom(r.Context())
			s.log.InfoContext(r.Context(), "refused", "status", http.StatusMisdirectedRequest, "cause", "the request is for another host", "host", r.Host, "caller", caller)
			http.Error(w, "this service is "+host, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Handler is the callers' side: tokens, metadata, keys, userinfo and the APIs.
// It expects who is calling in the request's context (ipcapi.WithCaller), as the
// transports of ipcapi put it there.
func (s *Server) Handler() http.Handler { return s.handler }

// Pages is the person's side as HTML. Serve it only where no other app can reach it.
func (s *Server) Pages() http.Handler { return s.pages }

// Guard returns the guard of the issuer's own APIs, for handlers that are served
// elsewhere than through [Config.APIs].
func (s *Server) Guard() *resource.Guard { return s.guard }

// Close ends the background work and closes the store.
// A second Close does nothing.
func (s *Server) Close() error {
	defer s.sayEnded()
	return s.close()
}

func (s *Server) end() error {
	s.stopSweeping()
	s.sweeping.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), maintenanceTimeout)
	defer cancel()
	s.backUp(ctx)
	s.backUpRecords(ctx)
	return errors.Join(s.closeRecords(), s.store.Close())
}
