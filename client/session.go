package client

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"golang.org/x/oauth2"
)

// A session is a stored login in use: its routes, and its token as last known.
type session struct {
	c         *Client
	id        string // of the login
	plan      plan
	client    *http.Client // for the app's requests, with the token
	endpoints *http.Client // for the authorization server, without
	prover    *prover      // of the key that the token is bound to; nil if it is bound to none
	tokenURL  string       // token endpoint, to which the key is proven

	mu       sync.Mutex
	login    login
	renewal  *renewal // under way; nil if none
	ended    bool
	unwanted string // an access token that Refresh is to replace
}

// newSession verifies the service of l and makes a session, without sending anything.
func (c *Client) newSession(ctx context.Context, l *login) (*session, error) {
	p, err := c.plan(ctx, l.Service)
	if err != nil {
		return nil, err
	}
	return c.sessionOn(p, l)
}

func (c *Client) sessionOn(p plan, l *login) (*session, error) {
	routes, err := c.connect(p)
	if err != nil {
		return nil, err
	}
	s := &session{c: c, id: l.ID, plan: p, login: *l}
	s.endpoints = c.endpointsClient(provingEndpoints{s, routes[c.origin].endpoints})
	transport := &apiTransport{session: s, routes: routes}
	s.client = &http.Client{Transport: transport, CheckRedirect: transport.checkRedirect, Timeout: c.cfg.HTTPClient.Timeout}
	return s, nil
}

// open returns the session of the stored login: the one in use, if it is still
// the same login by the same way.
func (c *Client) open(ctx context.Context) (*session, error) {
	l, err := c.loadLogin(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.plan(ctx, l.Service)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil && c.session.id == l.ID && c.session.plan.equal(p) {
		return c.session, nil
	}
	s, err := c.sessionOn(p, l)
	if err != nil {
		return nil, err
	}
	if err := s.keepKey(ctx); err != nil {
		return nil, err
	}
	c.use(s)
	return s, nil
}

// use ends the session before s. The caller holds c.mu.
func (c *Client) use(s *session) {
	if c.session != nil {
		c.session.end()
	}
	c.session = s
}

// end makes all further requests fail.
func (s *session) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.client.CloseIdleConnections()
}

// A renewal is waited for by all requests that need the token.
type renewal struct {
	done chan struct{}
	err  error // readable once done is closed
}

// token returns a token that is good by this device's clock, renewing it if
// necessary. The renewal outlives ctx: giving it up half-way might lose its answer.
func (s *session) token(ctx context.Context) (*oauth2.Token, error) {
	for {
		token, r, err := s.current(ctx)
		if r == nil {
			return token, err
		}
		select {
		case <-r.done:
			if r.err != nil {
				return nil, r.err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a new token: %w", ctx.Err())
		}
	}
}

// current returns the token, or the renewal to wait for.
func (s *session) current(ctx context.Context) (*oauth2.Token, *renewal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return nil, nil, ErrLoginRequired
	case s.wanted(&s.login):
		token := s.login.Token
		return &token, nil, nil
	case s.renewal == nil:
		s.renewal = &renewal{done: make(chan struct{})}
		go s.run(context.WithoutCancel(ctx), s.renewal)
	}
	return nil, s.renewal, nil
}

func (s *session) run(ctx context.Context, r *renewal) {
	ctx, cancel := context.WithTimeout(ctx, 2*endpointTimeout)
	defer cancel()
	renewed, err := s.renew(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.login = *renewed
	}
	s.renewal, r.err = nil, err
	close(r.done)
}
