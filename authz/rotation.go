package authz

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// Rotation of the signing keys. The next key signs from the moment it is there; the
// one before it signs nothing more, its private part is destroyed, and its public
// part is published until what it has signed is over. Whoever keeps a copy of the
// published keys asks again when it meets a key that it does not know.

// A SigningKey is a key that signs tokens, or that did.
type SigningKey struct {
	ID        string // `kid`, its thumbprint (RFC 7638)
	Algorithm string // "ES256" or "EdDSA"
	CreatedAt time.Time
	RetiredAt time.Time // zero while it signs
	GoneAt    time.Time // when what it has signed is over, and the key is forgotten; zero while it signs
}

// SigningKeys returns the key that signs, then those before it, newest first.
func (s *Server) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	keys, err := s.signingKeys(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]SigningKey, 0, len(keys))
	for _, k := range keys {
		all = append(all, s.signingKey(k))
	}
	return all, nil
}

func (s *Server) signingKey(k store.Key) SigningKey {
	key := SigningKey{ID: k.ID, Algorithm: k.Algorithm, CreatedAt: k.CreatedAt, RetiredAt: k.RetiredAt}
	if !k.RetiredAt.IsZero() {
		key.GoneAt = k.RetiredAt.Add(s.overlap())
	}
	return key
}

// signingKeys are the records, in the order of SigningKeys.
func (s *Server) signingKeys(ctx context.Context) ([]store.Key, error) {
	keys, err := s.store.Keys.List(ctx)
	keys = slices.DeleteFunc(keys, func(k store.Key) bool { return k.Use != useSignature })
	slices.SortFunc(keys, func(a, b store.Key) int {
		if a.RetiredAt.IsZero() != b.RetiredAt.IsZero() {
			return map[bool]int{true: -1, false: 1}[a.RetiredAt.IsZero()]
		}
		return b.RetiredAt.Compare(a.RetiredAt)
	})
	return keys, err
}

// overlap is how long tokens of a retired key may be in force, and somewhat more.
func (s *Server) overlap() time.Duration {
	return max(s.lifetimes.AccessToken, s.lifetimes.IDToken) + time.Hour
}

// A Rotation says how to rotate the signing key.
type Rotation struct {
	Algorithm string // of the next key: "ES256" or "EdDSA"; that of the present one if empty

	// Discard forgets all keys before the next at once: for one that somebody else
	// may have. What they have signed is refused from then on, and apps refresh.
	Discard bool
}

// RotateKey puts a new signing key in the place of the present one.
func (s *Server) RotateKey(ctx context.Context, how Rotation) (SigningKey, error) {
	s.keys.issuing.Lock()
	defer s.keys.issuing.Unlock()
	if how.Algorithm == "" {
		how.Algorithm = s.keys.algorithm()
	}
	next, err := newSigningKey(how.Algorithm)
	if err != nil {
		return SigningKey{}, &Error{Code: "invalid_request", Description: err.Error()}
	}
	keys := []store.Key{next}
	err = s.store.Do(ctx, func(ctx context.Context) error {
		before, err := s.signingKeys(ctx)
		if err != nil {
			return err
		}
		kept, err := s.retire(ctx, before, how.Discard)
		if err != nil {
			return err
		}
		keys = append(keys, kept...)
		if err := s.store.Keys.Put(ctx, next); err != nil {
			return err
		}
		return s.record(ctx, eventKeyRotated, store.Authorization{}, next.Algorithm+" "+next.ID)
	})
	if err != nil {
		return SigningKey{}, err
	}
	return s.signingKey(next), s.keys.replace(keys)
}

// retire takes the private part from the keys, and forgets those that are over.
func (s *Server) retire(ctx context.Context, keys []store.Key, discard bool) (kept []store.Key, err error) {
	now := time.Now()
	for _, k := range keys {
		if k.RetiredAt.IsZero() {
			if k, err = retired(k, now); err != nil {
				return nil, err
			}
		}
		if discard || !now.Before(k.RetiredAt.Add(s.overlap())) {
			err = s.store.Keys.Delete(ctx, k.ID)
		} else {
			kept = append(kept, k)
			err = s.store.Keys.Put(ctx, k)
		}
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

func retired(k store.Key, now time.Time) (store.Key, error) {
	one := new(signatures)
	if err := one.add(k); err != nil {
		return k, err
	}
	public, err := x509.MarshalPKIXPublicKey(one.keys[0].Public)
	k.Public, k.Private, k.RetiredAt = public, nil, now
	return k, err
}

// Maintain does what is due by the clock: it rotates a signing key that is old (see
// [Lifetimes]) or not of the configured algorithm, and forgets those before it whose
// tokens are over. [New] calls it, and a server that runs for long should, now and
// again. It commits only if something is due.
func (s *Server) Maintain(ctx context.Context) error {
	keys, err := s.signingKeys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("there is no signing key")
	}
	now := time.Now()
	if s.old(keys[0], now) || s.algorithm != "" && keys[0].Algorithm != s.algorithm {
		_, err := s.RotateKey(ctx, Rotation{Algorithm: s.algorithm})
		return err
	}
	if !slices.ContainsFunc(keys[1:], func(k store.Key) bool { return !now.Before(k.RetiredAt.Add(s.overlap())) }) {
		return nil
	}
	return s.forgetKeys(ctx)
}

// old reports whether the key has signed for long enough. The age of one that is from
// the future says nothing until then.
func (s *Server) old(k store.Key, now time.Time) bool {
	return now.Sub(k.CreatedAt) >= s.lifetimes.SigningKey || ahead(k.CreatedAt, now)
}

func (s *Server) forgetKeys(ctx context.Context) error {
	s.keys.issuing.Lock()
	defer s.keys.issuing.Unlock()
	var keys []store.Key
	err := s.store.Do(ctx, func(ctx context.Context) error {
		all, err := s.signingKeys(ctx)
		if err != nil {
			return err
		}
		before, err := s.retire(ctx, all[1:], false)
		keys = append(before, all[0])
		return err
	})
	if err != nil {
		return err
	}
	return s.keys.replace(keys)
}
