package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// Config says who logs in where. Issuer, ClientID and RedirectURI are required.
type Config struct {
	Issuer      string   // issuer identifier (RFC 8414 section 2); its authorization endpoint is Issuer + "/authorize"
	ClientID    string   // as registered; the client is a public one, without a secret
	RedirectURI string   // as registered (RFC 8252 section 7); a loopback one with the port that is open now
	Scopes      []string // with "openid" an ID token is asked for, and checked

	// Resources are the APIs beyond the issuer's origin that get the token, as
	// https URLs (RFC 8707). They are named in the request, too.
	Resources []string

	// Services decides which `ipc-service` belongs to the issuer. nil accepts
	// none, so that only logins over the network are possible.
	Services Verifier

	// Store keeps the login, and the logins that wait for a redirect. nil keeps
	// them in memory: then a redirect that comes to a new process is lost. With a
	// [KeyStore] the tokens are bound to its key (RFC 9449), if the server can.
	Store Store

	// HTTPClient is the way over the network, by its Transport. Its Timeout, if
	// any, bounds every request, over IPC too. nil has deadlines for connecting
	// and for the head of an answer.
	//
	// In any case an exchange with the authorization server ends after 30 s, and
	// an app's own request when nothing has moved for a minute.
	HTTPClient *http.Client

	// Connect opens the way to an address that Services accepted. The transport
	// must look at its peer by itself. An error that is errors.ErrUnsupported, and
	// nil, leave the address to package unixipc, with each peer shown to Services if
	// that is a [PeerVerifier]; what that does not know either is passed over. It is
	// dbusipc.Connect for apps on a Linux desktop.
	Connect func(ipcapi.Address) (http.RoundTripper, error)

	Logger *slog.Logger // nil means slog.Default(); tokens are never logged
}

// A Client logs in with one issuer, for one account at a time: a second account
// needs a Client with a Store of its own. It is safe for concurrent use.
type Client struct {
	cfg      Config
	endpoint linkhandler.Endpoint
	origin   string   // the issuer's
	others   []string // origins of the resources, without the issuer's
	network  http.RoundTripper
	log      *slog.Logger

	mu      sync.Mutex // guards what is read and written again in the store
	session *session   // the login in use; nil if none yet
}

// New checks the configuration and returns a Client. It sends nothing.
func New(cfg Config) (*Client, error) {
	endpoint, err := linkhandler.NewEndpoint(cfg.Issuer, "")
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	c := &Client{cfg: cfg, endpoint: endpoint, origin: originOf(cfg.Issuer)}
	c.setDefaults()
	if err := c.setOthers(); err != nil {
		return nil, err
	}
	if _, err := c.link(c.request(newPending(c.cfg))); err != nil {
		return nil, fmt.Errorf("client: this configuration makes no valid authorization request: %w", err)
	}
	return c, nil
}

// setDefaults fills in what the configuration left out.
func (c *Client) setDefaults() {
	c.log, c.network = c.cfg.Logger, defaultNetwork()
	if c.log == nil {
		c.log = slog.Default()
	}
	if c.cfg.Store == nil {
		c.cfg.Store = new(Memory)
	}
	if c.cfg.HTTPClient == nil {
		c.cfg.HTTPClient = &http.Client{Transport: c.network}
	} else if t := c.cfg.HTTPClient.Transport; t != nil {
		c.network = t
	}
}

func (c *Client) setOthers() error {
	for _, resource := range c.cfg.Resources {
		o := originOf(resource)
		if o == "" {
			return fmt.Errorf("client: the resource %q is not an https URL", resource)
		}
		c.addOther(o)
	}
	return nil
}

func (c *Client) addOther(origin string) {
	if origin != c.origin && !slices.Contains(c.others, origin) {
		c.others = append(c.others, origin)
	}
}

// HTTPClient returns the http.Client of the stored login. ctx is for this call
// alone. The client renews its token by itself, and may be kept until its
// requests fail with [ErrLoginRequired].
//
// The service of the login is verified again. The errors are [ErrNotLoggedIn] and
// an [*UnverifiedServiceError].
func (c *Client) HTTPClient(ctx context.Context) (*http.Client, error) {
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.client, nil
}

// Forget removes the stored login from this device and tells nobody: its tokens
// stay good for whoever has them. It is for when [Client.Revoke] cannot reach the
// authorization app, perhaps because it was removed. Without a login it is nil.
func (c *Client) Forget(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		c.session.end()
		c.session = nil
	}
	return c.cfg.Store.Delete(ctx, c.key(loginKey))
}
