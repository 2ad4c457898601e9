package resource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/jose"
)

// MaxSignedLifetime is how long a token may live to be accepted by its signature
// alone: that long a revocation is not seen.
const MaxSignedLifetime = 5 * time.Minute

const (
	accessTokenType = "at+jwt" // RFC 9068 section 2.1
	keysLifetime    = time.Hour
	keysTimeout     = 10 * time.Second
	keysPause       = time.Minute // between fetches for keys nobody knows
	maxKeys         = 256 << 10   // bytes
	clockSkew       = time.Minute
)

// Signed is an [Introspector] that asks nobody about a token. It checks the issuer's
// signature with keys that it fetches once an hour, and when a token names a new one.
//
// It does not see a revocation, so it takes only tokens that were made to live for
// [MaxSignedLifetime] at most: have the API app registered with such a token
// lifetime. Where a revocation is to be seen at once, use [Remote].
//
// It may be used from many goroutines, and must not be copied after its first use.
type Signed struct {
	Issuer  string       // issuer identifier, as in the tokens' iss
	KeysURL string       // the issuer's jwks_uri, https
	Client  *http.Client // speaks to the issuer, over IPC as a rule

	mu      sync.Mutex
	keys    jose.Keys
	fetched time.Time // zero until there are keys
	missed  time.Time // when a key was last looked for in vain
}

// signedClaims are those of an access token (RFC 9068 section 2.2).
type signedClaims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	ClientID  string       `json:"client_id"`
	Audience  audience     `json:"aud"`
	Scope     string       `json:"scope"`
	IssuedAt  int64        `json:"iat"`
	ExpiresAt int64        `json:"exp"`
	Confirm   confirmation `json:"cnf"`
}

// Introspect implements [Introspector].
func (s *Signed) Introspect(ctx context.Context, token string) (Token, error) {
	var (
		claims      signedClaims
		unreachable error
	)
	err := jose.Verify(token, func(h jose.Header) (key jose.Key, err error) {
		if h.Type != accessTokenType {
			return key, fmt.Errorf("a token of type %.20q", h.Type)
		}
		key, unreachable, err = s.find(ctx, h)
		return key, err
	}, &claims)
	if unreachable != nil {
		return Token{}, fmt.Errorf("keys of the authorization server: %w", unreachable)
	}
	if err == nil {
		err = claims.check(s.Issuer, time.Now())
	}
	if err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	return Token{
		Subject:   claims.Subject,
		ClientID:  claims.ClientID,
		Scopes:    strings.Fields(claims.Scope),
		Audience:  claims.Audience,
		App:       claims.Confirm.App,
		DPoPKey:   claims.Confirm.DPoPKey,
		ExpiresAt: time.Unix(claims.ExpiresAt, 0),
	}, nil
}

// check is RFC 9068 section 4, but for the audience, which the guard looks at. A
// token from the future was made before the clock was set back, and has lived
// longer than it seems.
func (c *signedClaims) check(issuer string, now time.Time) error {
	lifetime := time.Duration(c.ExpiresAt-c.IssuedAt) * time.Second
	switch {
	case c.Issuer != issuer:
		return fmt.Errorf("issued by %.100q", c.Issuer)
	case c.Subject == "" || c.ClientID == "" || c.IssuedAt <= 0 || c.ExpiresAt <= c.IssuedAt:
		return errors.New("one of sub, client_id, iat and exp is missing or makes no sense")
	case c.ExpiresAt-c.IssuedAt > int64(MaxSignedLifetime/time.Second):
		return fmt.Errorf("it lives for %s; an API that does not ask about each token takes %s at most", lifetime, MaxSignedLifetime)
	case now.Unix() >= c.ExpiresAt:
		return errors.New("it has expired")
	case c.IssuedAt > now.Add(clockSkew).Unix():
		return errors.New("it is from the future")
	}
	return nil
}

// find returns the key that a header names, fetching the keys if they are old or do
// not have it. unreachable says that this could not be found out.
func (s *Signed) find(ctx context.Context, h jose.Header) (key jose.Key, unreachable, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if age := now.Sub(s.fetched); age >= 0 && age < keysLifetime {
		key, err = s.keys.Find(h)
		if err == nil || now.Sub(s.missed).Abs() < keysPause {
			return key, nil, err
		}
		s.missed = now
	}
	if err := s.fetch(ctx); err != nil {
		return jose.Key{}, err, err
	}
	key, err = s.keys.Find(h)
	return key, nil, err
}

// fetch gets the keys. Others wait for them as well, so it does not end with ctx.
func (s *Signed) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.KeysURL, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := withoutRedirects(s.Client).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	encoded, err := io.ReadAll(io.LimitReader(response.Body, maxKeys+1))
	switch {
	case err != nil:
		return err
	case response.StatusCode != http.StatusOK || len(encoded) > maxKeys:
		return fmt.Errorf("%s answered %s with %d bytes", s.KeysURL, response.Status, len(encoded))
	}
	keys, err := jose.ParseKeys(encoded)
	if err == nil {
		s.keys, s.fetched = keys, time.Now()
	}
	return err
}
