package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// endpointTimeout bounds one exchange with the authorization server.
const endpointTimeout = 30 * time.Second

// defaultNetwork is the way over the network when the maker gave none.
func defaultNetwork() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          16,
		ForceAttemptHTTP2:     true,
	}
}

// endpointsClient speaks with the authorization server. It follows no redirects,
// which could carry a code or a token elsewhere (RFC 9700 section 4.12).
func (c *Client) endpointsClient(wire http.RoundTripper) *http.Client {
	timeout := c.cfg.HTTPClient.Timeout
	if timeout == 0 {
		timeout = endpointTimeout
	}
	return &http.Client{
		Transport:     wire,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// messageFirst sends over the message wire, and over the stream wire what turns
// out to be too large before it was carried out.
type messageFirst struct{ message, stream http.RoundTripper }

func (t messageFirst) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.WithContext(ipcapi.WithRequestID(r.Context())) // one name on both wires
	response, err := t.message.RoundTrip(r)
	var large *ipcapi.TooLargeError
	if !errors.As(err, &large) || large.Response {
		return response, err
	}
	again := r.Clone(r.Context())
	if r.Body != nil && r.Body != http.NoBody {
		if r.GetBody == nil {
			return nil, err
		}
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.stream.RoundTrip(again)
}

// An apiTransport carries an app's own requests, with the token, to the origins
// of one login.
type apiTransport struct {
	session *session
	routes  map[string]route
}

// way is the route of a request; there is none to an origin that is not listed.
func (t *apiTransport) way(r *http.Request) (route, error) {
	way, ok := t.routes[origin(r.URL)]
	if !ok {
		closeBody(r)
		return route{}, fmt.Errorf("%w: %s://%s", ErrOtherOrigin, r.URL.Scheme, r.URL.Host)
	}
	return way, nil
}

// RoundTrip sends nothing to an origin that is none of the login's.
func (t *apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	way, err := t.way(r)
	if err != nil {
		return nil, err
	}
	token, err := t.session.token(r.Context())
	if err != nil {
		closeBody(r)
		return nil, err
	}
	r = r.Clone(r.Context())
	token.SetAuthHeader(r)
	if isBound(token) {
		return t.session.prover.send(patient{way.apis}, r, token.AccessToken)
	}
	return patient{way.apis}.RoundTrip(r)
}

// CloseIdleConnections is called by that of the http.Client.
func (t *apiTransport) CloseIdleConnections() {
	for _, way := range t.routes {
		for _, wire := range []http.RoundTripper{way.apis, way.endpoints} {
			closeIdle(wire)
		}
	}
}

// checkRedirect follows redirects among the login's origins. Any other is given
// to the caller as it is.
func (t *apiTransport) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	if _, ok := t.routes[origin(next.URL)]; !ok {
		return http.ErrUseLastResponse
	}
	return nil
}

func closeIdle(wire http.RoundTripper) {
	if closer, ok := wire.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
