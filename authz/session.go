package authz

import (
	"maps"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"

	"github.com/offlineauth/offlineauth/store"
)

// A session is what fosite carries from one of its handlers to the next. It is
// never stored: the records of the store are, and a session is made from them.
type session struct {
	authorization store.Authorization // on the way out, with its code but for the hash

	expiresAt map[fosite.TokenType]time.Time
	claims    *jwt.IDTokenClaims
	headers   *jwt.Headers
}

var _ openid.Session = (*session)(nil)

func newSession() *session {
	return &session{
		expiresAt: map[fosite.TokenType]time.Time{},
		claims:    &jwt.IDTokenClaims{},
		headers:   &jwt.Headers{},
	}
}

// hydrate fills in what the authorization says. fosite reads a session twice,
// and has set expiries on it in between: those stay.
func (s *session) hydrate(a store.Authorization) {
	s.authorization = a
	s.claims.Subject = a.AccountID
	s.claims.AuthTime = earlier(a.AuthTime, time.Now()) // also if the clock was set back
	s.claims.AuthenticationContextClassReference = a.ACR
}

func (s *session) SetExpiresAt(t fosite.TokenType, at time.Time) { s.expiresAt[t] = at }
func (s *session) GetExpiresAt(t fosite.TokenType) time.Time     { return s.expiresAt[t] }
func (s *session) GetUsername() string                           { return "" }
func (s *session) GetSubject() string                            { return s.authorization.AccountID }
func (s *session) IDTokenClaims() *jwt.IDTokenClaims             { return s.claims }
func (s *session) IDTokenHeaders() *jwt.Headers                  { return s.headers }

// Clone copies what fosite writes to. Its own deep copy would lose unexported fields.
func (s *session) Clone() fosite.Session {
	if s == nil {
		return nil
	}
	clone := *s
	clone.expiresAt = maps.Clone(s.expiresAt)
	claims := *s.claims
	clone.claims = &claims
	clone.headers = &jwt.Headers{Extra: maps.Clone(s.headers.Extra)}
	return &clone
}
