package store

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// maxRotated is how many rotated tokens of a login are kept, the newest ones,
// so that an app that refreshes in a loop does not fill the disk.
const maxRotated = 32

// RefreshToken is a refresh token (RFC 6749 section 1.5). Those of one login
// form a chain: each is rotated once, to its successor. The chain ends after
// the last and the 32 rotated before it.
type RefreshToken struct {
	Hash            []byte // SHA-256 of the token
	AuthorizationID string
	ClientID        string
	Identity        string    `json:",omitzero"` // app identity; "" when unattested
	IssuedAt        time.Time `json:",omitzero"`
	ExpiresAt       time.Time `json:",omitzero"` // zero: never
	RotatedAt       time.Time `json:",omitzero"` // zero while it is the last of its chain
	Successor       []byte    `json:",omitzero"` // hash of the next
	Ancestors       [][]byte  `json:",omitzero"` // hashes of those before it, newest last; only the last of a chain has them
}

func refreshTokens() spec[RefreshToken] {
	return spec[RefreshToken]{
		bucket:  "refresh tokens",
		key:     func(t *RefreshToken) []byte { return t.Hash },
		stamp:   func(t *RefreshToken) time.Time { return t.RotatedAt },
		expires: func(t *RefreshToken) time.Time { return t.ExpiresAt },
	}
}

// RotateRefreshToken marks the token as rotated and creates its successor,
// once. A repeat with the same successor changes nothing and returns nil: a
// refresh whose answer was lost can be answered again. Whether a repeat is
// still to be honoured is the caller's to judge, before. It is called inside
// [Store.Do].
//
// The newest 32 rotated tokens of a login are kept, to notice that one is used
// again. What is older is deleted when the next is rotated. It is ErrNotFound
// from then on, as a token that never was: it is refused, but nobody can tell
// that it was reused, so it is no reason to end the login.
//
// The errors are ErrNotFound; ErrConsumed if another successor was created;
// ErrExpired, and then the record is deleted, even if the transaction is
// dropped; ErrExists if the successor is a token already.
func (s *Store) RotateRefreshToken(ctx context.Context, hash []byte, successor RefreshToken, now time.Time) error {
	t, err := s.RefreshTokens.Get(ctx, string(hash))
	if err != nil {
		return err
	}
	rotated := !t.RotatedAt.IsZero()
	switch {
	case t.AuthorizationID != successor.AuthorizationID:
		return s.RefreshTokens.fail(errors.New("the successor belongs to another authorization"))
	case rotated && !bytes.Equal(t.Successor, successor.Hash):
		return s.RefreshTokens.fail(ErrConsumed)
	case expired(t.ExpiresAt, now):
		return s.RefreshTokens.forget(ctx, hash, now)
	case rotated:
		return nil
	}
	return s.rotate(ctx, t, successor, now)
}

func (s *Store) rotate(ctx context.Context, t, successor RefreshToken, now time.Time) error {
	taken, err := s.RefreshTokens.find(ctx, successor.Hash)
	if err != nil {
		return err
	}
	if taken != nil {
		return s.RefreshTokens.fail(ErrExists)
	}
	if successor.Ancestors, err = s.keepNewest(ctx, append(t.Ancestors, t.Hash)); err != nil {
		return err
	}
	t.RotatedAt, t.Successor, t.Ancestors = now.UTC(), successor.Hash, nil
	if err := s.RefreshTokens.Put(ctx, successor); err != nil {
		return err
	}
	return s.RefreshTokens.Put(ctx, t)
}

// keepNewest deletes the rotated tokens that are too many, and returns the
// hashes of the others.
func (s *Store) keepNewest(ctx context.Context, rotated [][]byte) ([][]byte, error) {
	for len(rotated) > maxRotated {
		if err := s.RefreshTokens.Delete(ctx, string(rotated[0])); err != nil {
			return nil, err
		}
		rotated = rotated[1:]
	}
	return rotated, nil
}
