package store

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Authorization is one login beneath a grant, with its code and its refresh tokens.
// They name it, and are worth nothing once it has ended. It is one record, so that a
// login is written at one place.
type Authorization struct {
	ID        string // best in the order of time: logins that are written together share pages then
	GrantID   string
	AccountID string
	ClientID  string
	Identity  string    `json:",omitzero"` // app identity; "" when unattested
	DPoPKey   string    `json:",omitzero"` // thumbprint of the key that its refresh tokens are bound to (RFC 9449); "" for none
	Scopes    []string  `json:",omitzero"` // granted to this login
	Resources []string  `json:",omitzero"` // RFC 8707
	Nonce     string    `json:",omitzero"` // OpenID Connect Core section 3.1.2.1
	AuthTime  time.Time `json:",omitzero"` // when the person authenticated
	ACR       string    `json:",omitzero"` // how, as the authorization app says (OpenID Connect Core section 2)
	CreatedAt time.Time `json:",omitzero"`
	ExpiresAt time.Time `json:",omitzero"` // zero: never
	EndedAt   time.Time `json:",omitzero"` // zero while it lives
	EndReason string    `json:",omitzero"`

	Code    Code          `json:",omitzero"` // until it is of no use any more
	Refresh RefreshTokens `json:",omitzero"`
}

func authorizations() spec[Authorization] {
	return spec[Authorization]{
		bucket: "authorizations",
		sealed: true,
		key:    func(a *Authorization) []byte { return []byte(a.ID) },
		undoes: func(a, old *Authorization) bool {
			return undoes(a.EndedAt, old.EndedAt) || a.Code.undoes(old.Code) || a.Refresh.undoes(old.Refresh)
		},
		expires: func(a *Authorization) time.Time {
			if !a.EndedAt.IsZero() {
				return a.EndedAt.Add(remembered)
			}
			return a.ExpiresAt
		},
		clone: func(a Authorization) Authorization { // hashes are replaced, never changed
			a.Scopes, a.Resources, a.Refresh.Rotated = slices.Clone(a.Scopes), slices.Clone(a.Resources), slices.Clone(a.Refresh.Rotated)
			readBack(&a.AuthTime, &a.CreatedAt, &a.ExpiresAt, &a.EndedAt, &a.Code.ExpiresAt, &a.Code.RedeemedAt, &a.Refresh.IssuedAt, &a.Refresh.ExpiresAt)
			return a
		},
	}
}

// EndAuthorization ends a login, and with it its code and tokens, at once. One
// that ended before keeps its time and reason. It is called inside [Store.Do],
// and returns ErrNotFound if there is no such authorization.
func (s *Store) EndAuthorization(ctx context.Context, id, reason string, now time.Time) error {
	a, err := s.Authorizations.Get(ctx, id)
	if err != nil || !a.EndedAt.IsZero() {
		return err
	}
	a.EndedAt, a.EndReason = now.UTC(), reason
	return s.Authorizations.Put(ctx, a)
}

// LiveAuthorization returns the authorization if tokens may be issued and
// honoured under it. The errors are ErrNotFound; ErrEnded if it was ended or
// its grant revoked, with the record; ErrExpired, and then the record is
// deleted. It may be called inside [Store.Do] and outside.
func (s *Store) LiveAuthorization(ctx context.Context, id string, now time.Time) (Authorization, error) {
	var a *Authorization
	err := s.read(ctx, func(r Reader) (err error) {
		if a, err = s.Authorizations.load(r, []byte(id)); err != nil {
			return err
		}
		return s.checkLive(r, a, now)
	})
	if errors.Is(err, ErrExpired) {
		return Authorization{}, s.Authorizations.forget(ctx, []byte(id), now)
	}
	if a == nil {
		return Authorization{}, err
	}
	return *a, err
}

// checkLive judges an authorization and the grant above it.
func (s *Store) checkLive(r Reader, a *Authorization, now time.Time) error {
	if !a.EndedAt.IsZero() {
		return s.Authorizations.fail(ErrEnded)
	}
	if expired(a.ExpiresAt, now) {
		return s.Authorizations.fail(ErrExpired)
	}
	g, err := s.Grants.shared(r, []byte(a.GrantID))
	if errors.Is(err, ErrNotFound) || err == nil && !g.RevokedAt.IsZero() {
		return s.Grants.fail(ErrEnded)
	}
	return err
}
