package clienttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// An App is a fake authorization app with one account. Set its exported fields
// before the first request. It is safe for concurrent use.
type App struct {
	Subject  string // of the account; "account-1" from New
	Name     string // of the person; "Ada Example" from New
	Username string // "ada" from New

	TokenLifetime time.Duration // of an access token; 10 minutes from New

	issuer   string
	endpoint linkhandler.Endpoint
	mux      *http.ServeMux
	key      *ecdsa.PrivateKey
	network  *http.Client
	proofs   dpop.Verifier
	closers  []func()

	mu        sync.Mutex
	services  ipcapi.Service
	intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)
	seen      []Request
	pushed    map[string]*linkhandler.Request
	codes     map[string]*code
	access    map[string]*access
	refresh   map[string]*refresh
	logins    []*login
}

// New returns the app of an issuer, such as "https://auth.example". It listens
// nowhere yet. An issuer that no link can have is an error.
func New(issuer string) (*App, error) {
	a := &App{
		Subject: "account-1", Name: "Ada Example", Username: "ada", TokenLifetime: 10 * time.Minute,
		pushed: map[string]*linkhandler.Request{},
		codes:  map[string]*code{}, access: map[string]*access{}, refresh: map[string]*refresh{},
	}
	a.network = &http.Client{Transport: ipcapi.Local(a.Handler("network"), ipcapi.Caller{Transport: "local", UID: -1, PID: -1})}
	return a, a.become(issuer)
}

// NewTLS returns an app that serves on the network of this machine, with an
// issuer that only [App.HTTPClient] trusts. Close it when done.
func NewTLS() (*App, error) {
	a, err := New("https://auth.example")
	if err != nil {
		return nil, err
	}
	server := httptest.NewTLSServer(a.Handler("network"))
	a.closers = append(a.closers, server.Close)
	a.network = server.Client()
	return a, a.become(server.URL)
}

// become sets what depends on the issuer.
func (a *App) become(issuer string) (err error) {
	if a.endpoint, err = linkhandler.NewEndpoint(issuer, ""); err != nil {
		return err
	}
	a.issuer = issuer
	a.mux = a.endpoints()
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return err
}

// Issuer is what the client's configuration must name.
func (a *App) Issuer() string { return a.issuer }

// HTTPClient is the way to the app over a network: a real one after [NewTLS],
// else one inside this process.
func (a *App) HTTPClient() *http.Client { return a.network }

// Close ends what was begun by [NewTLS] and [App.Listen].
func (a *App) Close() {
	for _, end := range slices.Backward(a.closers) {
		end()
	}
}

// A Request is one that the app received.
type Request struct {
	Wire   string // "network", "stream", "message", or as given to [App.Handler]
	Method string
	Path   string
	Bearer bool // it carried a bearer token
	Proof  bool // it carried a DPoP proof
}

// Requests returns the requests received so far.
func (a *App) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

// Handler serves the app, and calls what arrives by it wire in [App.Requests].
// A request for another host than the issuer's is misdirected: 421.
func (a *App) Handler(wire string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.seen = append(a.seen, Request{
			Wire: wire, Method: r.Method, Path: r.URL.Path,
			Bearer: strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "),
			Proof:  r.Header.Get(dpop.Field) != "",
		})
		intercept := a.intercept
		a.mu.Unlock()
		if issuer, err := url.Parse(a.issuer); err != nil || !strings.EqualFold(r.Host, issuer.Host) {
			http.Error(w, "another host's", http.StatusMisdirectedRequest)
			return
		}
		if intercept != nil {
			intercept(w, r, a.mux)
			return
		}
		a.mux.ServeHTTP(w, r)
	})
}

// Intercept lets f answer every request from now on, in place of next, which it
// may call: to lose an answer, to give a wrong one, to wait. nil ends that.
func (a *App) Intercept(f func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.intercept = f
}

// Handle serves an API below the issuer to requests with a good token. The path
// is as for http.ServeMux, without method and host. Call it before the first request.
func (a *App) Handle(path string, h http.Handler) {
	a.mux.Handle(a.base()+path, a.guard(func(w http.ResponseWriter, r *http.Request, _ *login) { h.ServeHTTP(w, r) }))
}

func (a *App) base() string {
	issuer, err := url.Parse(a.issuer)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(issuer.Path, "/")
}

// EndLogins revokes all logins, as a person may do in the app.
func (a *App) EndLogins() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.logins {
		l.ended = true
	}
}
