package store

import (
	"context"
	"time"
)

// Code is an authorization code (RFC 6749 section 4.1.2) with the PKCE
// challenge that protects it (RFC 7636), so that the two cannot come apart.
type Code struct {
	Hash            []byte // SHA-256 of the code
	AuthorizationID string
	ClientID        string
	Identity        string    `json:",omitzero"` // app identity; "" when unattested
	RedirectURI     string    `json:",omitzero"` // as it was requested; "" when it was not
	Challenge       string    // code_challenge by S256
	DPoPKey         string    `json:",omitzero"` // thumbprint of the key it can be redeemed with (RFC 9449 section 10); "" for any
	Scopes          []string  `json:",omitzero"`
	ExpiresAt       time.Time `json:",omitzero"`
	RedeemedAt      time.Time `json:",omitzero"` // zero until it is redeemed
}

func codes() spec[Code] {
	return spec[Code]{
		bucket:  "codes",
		key:     func(c *Code) []byte { return c.Hash },
		stamp:   func(c *Code) time.Time { return c.RedeemedAt },
		expires: func(c *Code) time.Time { return c.ExpiresAt },
	}
}

// RedeemCode marks the code as redeemed and returns it: of any number of
// callers, one gets it without an error. It is called inside [Store.Do], and
// undone when that is dropped: a wrong verifier does not burn the code.
//
// The errors are ErrNotFound; ErrConsumed together with the code, for the
// caller to end its authorization (RFC 6749 section 4.1.2); ErrExpired, and
// then the record is deleted, even if the transaction is dropped.
func (s *Store) RedeemCode(ctx context.Context, hash []byte, now time.Time) (Code, error) {
	c, err := s.Codes.Get(ctx, string(hash))
	switch {
	case err != nil:
		return Code{}, err
	case !c.RedeemedAt.IsZero():
		return c, s.Codes.fail(ErrConsumed)
	case expired(c.ExpiresAt, now):
		return Code{}, s.Codes.forget(ctx, hash, now)
	}
	c.RedeemedAt = now.UTC()
	return c, s.Codes.Put(ctx, c)
}
