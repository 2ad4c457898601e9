package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Finish takes the redirect that the app received, redeems its code, stores the
// login in place of the one before, and returns the http.Client for it (see
// [Client.HTTPClient]).
//
// Up to the moment the code is sent the login goes on waiting, and Finish may be
// called again: after a redirect that is not its own ([ErrRedirect], [ErrState],
// [ErrIssuer]), after an [*UnverifiedServiceError], and when the service or the
// network could not be reached. From then on, and after an
// [*AuthorizationError], it is over: [ErrNoPendingLogin].
func (c *Client) Finish(ctx context.Context, redirect string) (*http.Client, error) {
	p, response, err := c.match(ctx, redirect)
	if err != nil {
		return nil, err
	}
	if response.Error != "" {
		refusal := &AuthorizationError{response.Error, response.ErrorDescription, response.ErrorURI}
		return nil, errors.Join(refusal, c.takePending(ctx, p))
	}
	l := &login{Version: loginVersion, ID: random(), Service: response.IPCService}
	s, err := c.newSession(ctx, l)
	if err != nil {
		return nil, err
	}
	meta, err := c.discover(ctx, s.endpoints, l.Service != "")
	if err != nil {
		return nil, err
	}
	if err := s.useKey(ctx, meta); err != nil {
		return nil, err
	}
	if err := c.takePending(ctx, p); err != nil {
		return nil, err
	}
	if err := c.redeem(ctx, s, meta, p, response.Code); err != nil {
		return nil, err
	}
	if err := c.begin(ctx, s); err != nil {
		return nil, err
	}
	return s.client, nil
}

// redeem exchanges the code for tokens and checks what came with them.
func (c *Client) redeem(ctx context.Context, s *session, meta *metadata, p pending, code string) error {
	token, err := c.oauth(p.RedirectURI, meta.Token).
		Exchange(context.WithValue(ctx, oauth2.HTTPClient, s.endpoints), code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return tokenError(err)
	}
	if err := s.checkType(token); err != nil {
		return err
	}
	if err := c.checkIDToken(ctx, s.endpoints, meta, p, token); err != nil {
		return fmt.Errorf("%w: %w", ErrIDToken, err)
	}
	s.login.Token, s.login.IssuedAt = *token, time.Now()
	s.login.TokenURL, s.login.Revocation = meta.Token, meta.Revocation
	return nil
}

// checkIDToken checks the ID token, if one came or had to.
func (c *Client) checkIDToken(ctx context.Context, endpoints *http.Client, meta *metadata, p pending, token *oauth2.Token) error {
	encoded, _ := token.Extra("id_token").(string)
	if encoded == "" {
		scope, narrowed := token.Extra("scope").(string)
		if p.Nonce == "" || narrowed && !slices.Contains(strings.Fields(scope), "openid") {
			return nil
		}
		return errors.New("there is none, although the scope openid was granted")
	}
	keys, err := fetchKeys(ctx, endpoints, meta.Keys)
	if err != nil {
		return err
	}
	claims, err := verifyIDToken(encoded, keys)
	if err != nil {
		return err
	}
	now := time.Now()
	return errors.Join(claims.check(c.cfg.Issuer, c.cfg.ClientID, p.Nonce, token.AccessToken, now), claims.checkAge(p.MaxAge, now))
}

// begin stores the login of s and puts it in the place of the one before. The end
// of ctx is no reason to lose tokens that were issued.
func (c *Client) begin(ctx context.Context, s *session) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.saveLogin(context.WithoutCancel(ctx), &s.login); err != nil {
		return err
	}
	c.use(s)
	return nil
}

// oauth is the configuration for package oauth2 of a public client.
func (c *Client) oauth(redirectURI, tokenURL string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:    c.cfg.ClientID,
		RedirectURL: redirectURI,
		Endpoint:    oauth2.Endpoint{TokenURL: tokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
}

// checkType refuses a type of token this client would not use as it must be used
// (RFC 6749 section 7.1), and one without a key in answer to a proof (RFC 9449
// section 5).
func (s *session) checkType(token *oauth2.Token) error {
	want := "Bearer"
	if s.prover != nil {
		want = "DPoP"
	}
	if strings.EqualFold(token.TokenType, want) {
		return nil
	}
	return &TokenError{Description: fmt.Sprintf("its type is %.40q, not %s", token.TokenType, want)}
}
