package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
)

// A Config says where the upstream is. Endpoint is required.
type Config struct {
	// Endpoint is the base URL of the upstream, such as "https://lrs.example/xapi/":
	// https, or http to this device.
	Endpoint string

	// Authorization is the value of that header, such as "Basic ..."; "" if Client
	// adds it by itself.
	Authorization string

	// Client is the way there; nil has deadlines for everything. Its Timeout bounds a
	// request; 0 is two minutes. Its CheckRedirect is not used.
	Client *http.Client

	// Renew gets Client new credentials, after it was answered 401. nil cannot.
	Renew func(ctx context.Context) error

	Logger *slog.Logger // slog.Default if nil
}

// A Forwarder forwards the records of one outbox. It is safe for concurrent use.
type Forwarder struct {
	outbox   *xapi.Outbox
	cfg      Config
	endpoint string // with a slash at its end
	client   *http.Client
	log      *slog.Logger

	busy  chan struct{} // holds a token while somebody forwards
	woken chan struct{} // a reason to try before it is due
}

// New returns the forwarder of an outbox. It sends nothing yet.
func New(outbox *xapi.Outbox, cfg Config) (*Forwarder, error) {
	if err := CheckEndpoint(cfg.Endpoint); err != nil {
		return nil, err
	}
	f := &Forwarder{
		outbox:   outbox,
		cfg:      cfg,
		endpoint: strings.TrimSuffix(cfg.Endpoint, "/") + "/",
		client:   wayTo(cfg.Client),
		log:      cfg.Logger,
		busy:     make(chan struct{}, 1),
		woken:    make(chan struct{}, 1),
	}
	if f.log == nil {
		f.log = slog.Default()
	}
	return f, nil
}

// CheckEndpoint says what is wrong with the base URL of an upstream.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("upstream: the endpoint is not a URL: %w", err)
	}
	local := u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !local):
		return errors.New("upstream: the endpoint is not an https URL")
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("upstream: the endpoint has no host, or credentials, a query or a fragment in it")
	}
	return nil
}

// wayTo is the client with a deadline, which follows no redirects: they would take
// statements and credentials elsewhere.
func wayTo(given *http.Client) *http.Client {
	client := http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}}
	if given != nil {
		client = *given
	}
	if client.Timeout == 0 {
		client.Timeout = 2 * time.Minute
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// Status returns how far forwarding has come.
func (f *Forwarder) Status(ctx context.Context) (xapi.OutboxStatus, error) {
	return f.outbox.Status(ctx)
}

// Retry takes everything out of quarantine, to be sent once more, and returns how
// much that was. A document then replaces the other one that was seen on the upstream.
func (f *Forwarder) Retry(ctx context.Context) (int, error) {
	n, err := f.outbox.Retry(ctx)
	if n > 0 {
		f.wake()
	}
	return n, err
}

func (f *Forwarder) wake() {
	select {
	case f.woken <- struct{}{}:
	default: // it is awake already
	}
}
