package authz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// A Token is an access token that is in force, or the credentials of a launch that are.
type Token struct {
	Subject   string
	ClientID  string
	Scopes    []string
	Audience  []string
	Launch    string // the format of the launch whose credentials it stands for; "" for a login
	App       string // the app that must be calling; "" for any
	DPoPKey   string // thumbprint of the key that must be proven (RFC 9449); "" for none
	IssuedAt  time.Time
	ExpiresAt time.Time
	ID        string
}

// Introspect returns the access token if it is in force: signed here, not
// expired, its authorization and its grant alive. Whether the right app presents
// it, and for the right resource, is for the guard to check, which knows both.
//
// The error is an [*Error]. Only invalid_token says that the token is not in
// force; any other means that this could not be found out.
func (s *Server) Introspect(ctx context.Context, token string) (Token, error) {
	claims, err := s.verifyAccessToken(token)
	if err != nil {
		return Token{}, &Error{Code: "invalid_token", Description: "the access token is not valid", Cause: err}
	}
	now := time.Now()
	login, err := s.store.LiveAuthorization(ctx, claims.Session, now)
	switch {
	case errors.Is(err, store.ErrEnded), errors.Is(err, store.ErrExpired), errors.Is(err, store.ErrNotFound):
		return Token{}, &Error{Code: "invalid_token", Description: "the access token was revoked", Cause: err}
	case err != nil:
		return Token{}, asError(err, nil)
	}
	s.store.UseGrant(login.GrantID, now)
	confirm := claims.Confirm
	if confirm == nil {
		confirm = new(confirmation)
	}
	return Token{
		Subject:   claims.Subject,
		ClientID:  claims.ClientID,
		Scopes:    strings.Fields(claims.Scope),
		Audience:  slices.Clone(claims.Audience),
		App:       confirm.App,
		DPoPKey:   confirm.DPoPKey,
		IssuedAt:  claims.IssuedAt.Time,
		ExpiresAt: claims.ExpiresAt.Time,
		ID:        claims.ID,
	}, nil
}

// introspection is the answer about a token (RFC 7662 section 2.2). Of a token
// that is not in force, nothing but that is said.
type introspection struct {
	Active    bool          `json:"active"`
	Scope     string        `json:"scope,omitempty"`
	ClientID  string        `json:"client_id,omitempty"`
	TokenType string        `json:"token_type,omitempty"`
	ExpiresAt int64         `json:"exp,omitempty"`
	IssuedAt  int64         `json:"iat,omitempty"`
	Subject   string        `json:"sub,omitempty"`
	Audience  []string      `json:"aud,omitempty"`
	Issuer    string        `json:"iss,omitempty"`
	ID        string        `json:"jti,omitempty"`
	Confirm   *confirmation `json:"cnf,omitempty"`
}

// introspect serves the introspection endpoint (RFC 7662), to API apps alone,
// and about tokens meant for them alone. A refresh token is never active here:
// no API has any business with one.
func (s *Server) introspect(r *http.Request, x *exchange) (any, error) {
	if !isAPI(x.client) {
		return nil, &Error{Code: "invalid_client", Description: descriptions["invalid_client"], Cause: fmt.Errorf("client %q is not an API app", x.client.ID)}
	}
	if r.PostForm.Get("token") == "" {
		return nil, refusef("invalid_request", "the parameter token is missing")
	}
	token, err := s.Introspect(r.Context(), r.PostForm.Get("token"))
	var refusal *Error
	if errors.As(err, &refusal) && refusal.Code != "invalid_token" {
		return nil, err
	}
	if err != nil || !s.meantFor(token, x.client) {
		s.log.InfoContext(r.Context(), "introspection says inactive", "client", x.client.ID, "caller", x.caller, "cause", err)
		return introspection{}, nil
	}
	return introspection{
		Active:    true,
		Scope:     strings.Join(token.Scopes, " "),
		ClientID:  token.ClientID,
		TokenType: tokenType(token.DPoPKey),
		ExpiresAt: token.ExpiresAt.Unix(),
		IssuedAt:  token.IssuedAt.Unix(),
		Subject:   token.Subject,
		Audience:  token.Audience,
		Issuer:    s.issuer,
		ID:        token.ID,
		Confirm:   confirm(token.App, token.DPoPKey),
	}, nil
}

// isAPI reports whether a client is an API app: a resource server of its own,
// which shows a secret, or whose identity the operating system vouches for.
func isAPI(c store.Client) bool {
	return len(c.Resources) > 0 && (c.SecretHash != nil || len(c.Identities) > 0)
}

// meantFor reports whether the token's audience names a resource of the API app.
func (s *Server) meantFor(t Token, api store.Client) bool {
	return slices.ContainsFunc(t.Audience, func(aud string) bool { return slices.Contains(api.Resources, aud) })
}
