package authz

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/jose"
)

// accessTokenType is the JWT type of an access token (RFC 9068 section 2.1). It
// is what keeps an ID token from being taken for one.
const accessTokenType = "at+jwt"

// maxAccessToken bounds a token, in bytes: HTTP servers and the message wire take
// header fields of about 4,000.
const maxAccessToken = 3500

// accessClaims are the claims of an access token (RFC 9068 section 2.2).
type accessClaims struct {
	jwt.RegisteredClaims
	ClientID string        `json:"client_id"`
	Scope    string        `json:"scope,omitempty"`
	AuthTime int64         `json:"auth_time,omitempty"`
	ACR      string        `json:"acr,omitempty"`
	Session  string        `json:"sid"` // the authorization's ID: what revocation looks up
	Confirm  *confirmation `json:"cnf,omitempty"`
}

// confirmation (RFC 7800) says what must be shown for the token to be good: the app
// the operating system says is calling, the key of a proof, or both.
type confirmation struct {
	App     string `json:"app,omitempty"`
	DPoPKey string `json:"jkt,omitempty"` // RFC 9449 section 6.1
}

// confirm returns nil when there is nothing to show.
func confirm(app, key string) *confirmation {
	if app == "" && key == "" {
		return nil
	}
	return &confirmation{app, key}
}

// accessTokenStrategy drafts access tokens. They leave no record of their own:
// the authorization they name does.
type accessTokenStrategy struct{ s *Server }

// AccessTokenSignature returns the key fosite's storage is asked with: the ID
// of the authorization, or "" if the token is not one of ours and in force.
func (a accessTokenStrategy) AccessTokenSignature(ctx context.Context, token string) string {
	claims, err := a.s.verifyAccessToken(token)
	if err != nil {
		return ""
	}
	return claims.Session
}

func (a accessTokenStrategy) GenerateAccessToken(ctx context.Context, requester fosite.Requester) (string, string, error) {
	sess, ok := requester.GetSession().(*session)
	if !ok {
		return "", "", errors.New("access token asked for a foreign session")
	}
	login, x := sess.authorization, exchangeFrom(ctx)
	claims := accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    a.s.issuer,
			Subject:   login.AccountID,
			Audience:  a.s.audience(login.Resources, x.resources),
			IssuedAt:  jwt.NewNumericDate(time.Now()),
			ExpiresAt: jwt.NewNumericDate(sess.GetExpiresAt(fosite.AccessToken)),
			ID:        randomID(),
		},
		ClientID: login.ClientID,
		Scope:    strings.Join(requester.GetGrantedScopes(), " "),
		AuthTime: sess.claims.AuthTime.Unix(),
		ACR:      login.ACR,
		Session:  login.ID,
		Confirm:  confirm(login.Identity, x.provenKey),
	}
	draft, err := a.s.keys.draft(claims, accessTokenType)
	if err == nil && draft.size() > maxAccessToken {
		err = refusef("invalid_request", "the access token would be larger than HTTP servers take in a header; narrow it by scope or resource")
	}
	x.access = draft
	return unsigned, login.ID, err
}

// ValidateAccessToken is fosite's, for introspection; [Server.Introspect] does its own.
func (a accessTokenStrategy) ValidateAccessToken(_ context.Context, _ fosite.Requester, token string) error {
	_, err := a.s.verifyAccessToken(token)
	return err
}

// audience is whom a token is for (RFC 8707): those of the granted resources the
// token request asks for, or all of them. Without any it is what the issuer serves.
func (s *Server) audience(granted, asked []string) []string {
	switch {
	case len(asked) > 0:
		return asked
	case len(granted) > 0:
		return granted
	}
	return []string{s.issuer}
}

// verifyAccessToken checks type, signature, issuer and times (RFC 9068 section 4).
func (s *Server) verifyAccessToken(token string) (*accessClaims, error) {
	hash, keys := sha256.Sum256([]byte(token)), s.keys.signatures.Load()
	if claims, ok := s.seen.get(hash, keys, time.Now()); ok {
		return claims, nil
	}
	claims, err := s.verifyNewAccessToken(token)
	if err == nil {
		s.seen.put(hash, keys, *claims)
	}
	return claims, err
}

func (s *Server) verifyNewAccessToken(token string) (*accessClaims, error) {
	claims := new(accessClaims)
	_, err := jwt.ParseWithClaims(token, claims, s.keys.verificationKey(accessTokenType),
		jwt.WithIssuer(s.issuer),
		jwt.WithExpirationRequired(),
		jwt.WithValidMethods(jose.Algorithms()),
		jwt.WithStrictDecoding(),
	)
	switch {
	case err != nil:
		return claims, err
	case claims.IssuedAt == nil || ahead(claims.IssuedAt.Time, time.Now()):
		return claims, errors.New("issued in the future: the clock was wrong then, or is now")
	}
	return claims, nil
}
