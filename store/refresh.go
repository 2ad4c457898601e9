package store

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// maxRotated is how many rotated tokens of a login are remembered, the newest ones,
// so that an app that refreshes in a loop does not fill the disk.
const maxRotated = 32

// RefreshTokens are the refresh tokens of a login (RFC 6749 section 1.5). They form a
// chain: each is rotated once, to its successor, and only the last is in force.
type RefreshTokens struct {
	Last      []byte    // SHA-256 of the last; nil if there is none
	IssuedAt  time.Time `json:",omitzero"` // when the last was issued, and the one before it rotated
	ExpiresAt time.Time `json:",omitzero"` // of the last; zero: never
	Rotated   [][]byte  `json:",omitzero"` // hashes of those before it, newest last: 32 at most
	Rotations int       `json:",omitzero"` // how often one was rotated, ever
}

// IsZero reports whether the login never had a refresh token.
func (r RefreshTokens) IsZero() bool { return r.Last == nil && r.Rotations == 0 }

// Issue gives a login its first refresh token, in the record alone: Put makes it so.
// It returns ErrExists if it had one.
func (a *Authorization) Issue(hash []byte, expiresAt, now time.Time) error {
	if !a.Refresh.IsZero() {
		return ErrExists
	}
	a.Refresh = RefreshTokens{Last: hash, IssuedAt: now.UTC(), ExpiresAt: expiresAt}
	return nil
}

// Rotate puts the successor in the place of a refresh token, once, in the record alone:
// Put makes it so. A repeat with the same successor changes nothing and returns nil: a
// refresh whose answer was lost can be answered again. Whether a repeat is still to be
// honoured is the caller's to judge, before.
//
// The newest 32 rotated tokens of a login are remembered, to notice that one is used
// again. An older one is ErrNotFound, as a token that never was: it is refused, but
// nobody can tell that it was reused, so it is no reason to end the login.
//
// The errors are ErrNotFound; ErrConsumed if another successor was created; ErrExpired,
// after which [Store.ForgetRefreshTokens] is to be called; ErrExists if the successor was
// a token before.
func (a *Authorization) Rotate(hash, successor []byte, expiresAt, now time.Time) error {
	r := &a.Refresh
	rotated := r.wasRotated(hash)
	switch {
	case rotated && r.rotatedLast(hash) && bytes.Equal(r.Last, successor):
		return nil
	case rotated:
		return ErrConsumed
	case !r.InForce(hash):
		return ErrNotFound
	case expired(r.ExpiresAt, now):
		return ErrExpired
	case bytes.Equal(hash, successor) || r.wasRotated(successor):
		return ErrExists
	}
	before := append(slices.Clone(r.Rotated), hash)
	a.Refresh = RefreshTokens{
		Last:      successor,
		IssuedAt:  now.UTC(),
		ExpiresAt: expiresAt,
		Rotated:   before[max(0, len(before)-maxRotated):],
		Rotations: r.Rotations + 1,
	}
	if expired(a.Code.ExpiresAt, now) { // nobody needs it any more
		a.Code = Code{}
	}
	return nil
}

// InForce reports whether that is the hash of the last token. Whether its time is over
// is another matter.
func (r RefreshTokens) InForce(hash []byte) bool { return r.Last != nil && bytes.Equal(r.Last, hash) }

// Knows reports whether the login has, or had, the token.
func (r RefreshTokens) Knows(hash []byte) bool { return r.InForce(hash) || r.wasRotated(hash) }

// MayRepeat reports whether the token was rotated, and its successor is in force and
// has not been used: a client that shows it may not have got the answer.
func (r RefreshTokens) MayRepeat(hash []byte) bool { return r.Last != nil && r.rotatedLast(hash) }

func (r RefreshTokens) wasRotated(hash []byte) bool { return containsBytes(r.Rotated, hash) }

func (r RefreshTokens) rotatedLast(hash []byte) bool {
	n := len(r.Rotated)
	return n > 0 && bytes.Equal(r.Rotated[n-1], hash)
}

// ForgetRefreshTokens deletes the refresh tokens of an authorization, of which the last
// was seen expired, whatever becomes of the transaction. It is called inside [Store.Do].
func (s *Store) ForgetRefreshTokens(ctx context.Context, id string) error {
	return s.Authorizations.forgetPart(ctx, id, func(rec any) {
		a := rec.(*Authorization)
		a.Refresh = RefreshTokens{Rotations: a.Refresh.Rotations + 1}
	})
}

// undoes reports whether r in the place of old would bring back a token that was rotated
// or forgotten, or exchange the last without rotating it.
func (r RefreshTokens) undoes(old RefreshTokens) bool {
	return r.Rotations < old.Rotations || r.Rotations == old.Rotations && old.Last != nil && !bytes.Equal(r.Last, old.Last)
}
