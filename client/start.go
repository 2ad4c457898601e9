package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// A Login is one that was started and waits for the person.
type Login struct {
	URL   string // the authorization link: launch it, never in a web view (RFC 8252 section 8.12)
	State string // the state in it; its redirect will carry the same
}

// Start makes a login and the link that asks for it, and stores what
// [Client.Finish] needs, because the app may be killed while the person decides.
// It sends nothing. A login waits for an hour; eight may wait at a time, of which
// the oldest gives way.
func (c *Client) Start(ctx context.Context) (*Login, error) {
	return c.StartAs(ctx, Ask{})
}

// StartPushed is as Start, but hands the request to the authorization app first
// (RFC 9126): then the link only refers to it, and the person can be told which
// app the system says is asking. [Config.Services] must be a [Resolver] that knows
// the issuer's service. If it does not, if the service is not there, or if it
// takes no pushed requests, StartPushed is Start.
//
// The errors are an [*AuthorizationError] if the request is refused, an
// [*UnverifiedServiceError], and [ErrMetadata].
func (c *Client) StartPushed(ctx context.Context) (*Login, error) {
	return c.StartAs(ctx, Ask{Pushed: true})
}

func (c *Client) started(ctx context.Context, p pending, link string) (*Login, error) {
	if err := c.addPending(ctx, p); err != nil {
		return nil, err
	}
	return &Login{URL: link, State: p.State}, nil
}

// A pending is what must be remembered of a login that was started.
type pending struct {
	State       string
	Verifier    string // of PKCE (RFC 7636 section 4.1)
	Nonce       string // "" if no ID token was asked for
	Key         string // thumbprint of the key that the tokens are to be bound to; "" for none
	RedirectURI string
	MaxAge      time.Duration // that was asked for; 0 if none was
	CreatedAt   time.Time
}

func newPending(cfg Config) pending {
	p := pending{State: random(), Verifier: oauth2.GenerateVerifier(), RedirectURI: cfg.RedirectURI, CreatedAt: time.Now()}
	if slices.Contains(cfg.Scopes, "openid") {
		p.Nonce = random()
	}
	return p
}

// random is 256 bits in base64url.
func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func (c *Client) request(p pending) *linkhandler.Request {
	return &linkhandler.Request{
		ClientID:            c.cfg.ClientID,
		RedirectURI:         p.RedirectURI,
		ResponseType:        "code",
		Scopes:              c.cfg.Scopes,
		State:               &p.State,
		CodeChallenge:       oauth2.S256ChallengeFromVerifier(p.Verifier),
		CodeChallengeMethod: "S256",
		DPoPKey:             p.Key,
		Nonce:               p.Nonce,
		Resources:           c.cfg.Resources,
	}
}

// link is the authorization link, read back as the authorization app will read it.
func (c *Client) link(r *linkhandler.Request) (string, error) {
	link := c.endpoint.URL() + "?" + r.Values().Encode()
	if _, err := c.endpoint.Parse(link); err != nil {
		return "", fmt.Errorf("authorization link: %w", err)
	}
	return link, nil
}
