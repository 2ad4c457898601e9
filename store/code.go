package store

import (
	"bytes"
	"context"
	"time"
)

// Code is the authorization code of a login (RFC 6749 section 4.1.2) with the PKCE
// challenge that protects it (RFC 7636), so that the two cannot come apart.
type Code struct {
	Hash        []byte    // SHA-256 of the code
	RedirectURI string    `json:",omitzero"` // as it was requested; "" when it was not
	Challenge   string    // code_challenge by S256
	DPoPKey     string    `json:",omitzero"` // thumbprint of the key it can be redeemed with (RFC 9449 section 10); "" for any
	ExpiresAt   time.Time `json:",omitzero"`
	RedeemedAt  time.Time `json:",omitzero"` // zero until it is redeemed
}

// IsZero reports whether there is no code, or none any more.
func (c Code) IsZero() bool { return len(c.Hash) == 0 }

// Redeem marks the code as redeemed, in the record alone: Put makes it so. Of any
// number of callers of [Store.Do], one gets no error.
//
// The errors are ErrNotFound; ErrConsumed, for the caller to end the authorization
// (RFC 6749 section 4.1.2); ErrExpired, after which [Store.ForgetCode] is to be called.
func (a *Authorization) Redeem(hash []byte, now time.Time) error {
	c := &a.Code
	switch {
	case c.IsZero() || !bytes.Equal(c.Hash, hash):
		return ErrNotFound
	case !c.RedeemedAt.IsZero():
		return ErrConsumed
	case expired(c.ExpiresAt, now):
		return ErrExpired
	}
	c.RedeemedAt = now.UTC()
	return nil
}

// ForgetCode deletes the code of an authorization, which was seen expired, whatever
// becomes of the transaction. It is called inside [Store.Do].
func (s *Store) ForgetCode(ctx context.Context, id string) error {
	return s.Authorizations.forgetPart(ctx, id, func(rec any) { rec.(*Authorization).Code = Code{} })
}

// undoes reports whether c in the place of old would let the code be redeemed again.
func (c Code) undoes(old Code) bool {
	return !old.RedeemedAt.IsZero() && !c.IsZero() && !c.RedeemedAt.Equal(old.RedeemedAt)
}
