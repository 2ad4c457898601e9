package store

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"
)

// Grant is what a person has allowed: this client, called from this app, for
// this account. It is the root of authorizations, and its scopes are what was
// consented to so far.
type Grant struct {
	ID        string // random
	AccountID string
	ClientID  string
	Identity  string    `json:",omitzero"` // app identity; "" when unattested
	Scopes    []string  `json:",omitzero"`
	CreatedAt time.Time `json:",omitzero"`
	UpdatedAt time.Time `json:",omitzero"` // when the scopes last grew
	Consent   Consent   `json:",omitzero"` // what need not be asked again
	RevokedAt time.Time `json:",omitzero"` // zero while it lives
	ExpiresAt time.Time `json:",omitzero"` // zero: never
	Launched  string    `json:",omitzero"` // for the grant of a launch: what was launched; "" for others

	// LastUsedAt is when a token beneath it was last issued or honoured, as far
	// as it is written: see [Store.LastUsed]. It is older by up to a minute.
	LastUsedAt time.Time `json:",omitzero"`
}

func grants() spec[Grant] {
	return spec[Grant]{
		bucket: "grants",
		sealed: true,
		key:    func(g *Grant) []byte { return []byte(g.ID) },
		undoes: func(g, old *Grant) bool { return undoes(g.RevokedAt, old.RevokedAt) },
		expires: func(g *Grant) time.Time {
			if !g.RevokedAt.IsZero() {
				return g.RevokedAt.Add(remembered)
			}
			return g.ExpiresAt
		},
		indexes: []index[Grant]{livingGrants(), grantsByAccount(), grantsByClient()},
		clone: func(g Grant) Grant {
			g.Scopes, g.Consent.Permissions = slices.Clone(g.Scopes), slices.Clone(g.Consent.Permissions)
			readBack(&g.CreatedAt, &g.UpdatedAt, &g.RevokedAt, &g.ExpiresAt, &g.LastUsedAt, &g.Consent.AuthTime, &g.Consent.AnswersFrom)
			return g
		},
	}
}

// livingGrants makes a second living grant of the same parties impossible. The
// grant of a launch is not among them: it is what one launch may do, never grows,
// and says nothing about what the person would allow at a login.
func livingGrants() index[Grant] {
	return index[Grant]{
		bucket: "living grants",
		key: func(g *Grant) []byte {
			if !g.RevokedAt.IsZero() || g.Launched != "" {
				return nil
			}
			return joined(g.AccountID, g.ClientID, g.Identity)
		},
	}
}

func grantsByAccount() index[Grant] {
	return index[Grant]{
		bucket: "grants by account",
		key:    func(g *Grant) []byte { return joined(g.AccountID) },
		shared: true,
	}
}

func grantsByClient() index[Grant] {
	return index[Grant]{
		bucket: "grants by client",
		key:    func(g *Grant) []byte { return joined(g.ClientID) },
		shared: true,
	}
}

// GrantsOf returns all that an account has granted, or all that was granted to a
// client, or what the one has granted the other; "" is any. Those that were revoked,
// or are over, are among them until they are swept.
func (s *Store) GrantsOf(ctx context.Context, accountID, clientID string) ([]Grant, error) {
	if accountID == "" && clientID == "" {
		return s.Grants.List(ctx)
	}
	var of []Grant
	err := s.eachGrantOf(ctx, accountID, clientID, func(g *Grant) (more bool) {
		of = append(of, *g)
		return true
	})
	return of, err
}

// EverGranted reports whether anybody has let the client in, also if that was
// revoked: as long as it is remembered. A launch is not that.
func (s *Store) EverGranted(ctx context.Context, clientID string) (ever bool, err error) {
	err = s.eachGrantOf(ctx, "", clientID, func(g *Grant) (more bool) {
		ever = g.Launched == ""
		return !ever
	})
	return ever, err
}

func (s *Store) eachGrantOf(ctx context.Context, accountID, clientID string, each func(*Grant) (more bool)) error {
	ix, value := grantsByAccount(), joined(accountID)
	if accountID == "" {
		ix, value = grantsByClient(), joined(clientID)
	}
	return s.read(ctx, func(r Reader) error {
		for id := range s.Grants.sharers(r, ix.lead(), value) {
			g, err := s.Grants.load(r, id)
			if err != nil {
				return err
			}
			if (clientID == "" || g.ClientID == clientID) && !each(g) {
				return nil
			}
		}
		return nil
	})
}

// LivingGrant returns the grant of account x client x app identity that is not
// revoked, or ErrNotFound.
func (s *Store) LivingGrant(ctx context.Context, accountID, clientID, identity string) (Grant, error) {
	return s.Grants.lookup(ctx, livingGrants(), joined(accountID, clientID, identity))
}

// UpsertGrant adds the scopes to the living grant of account x client x app
// identity, or makes one. There is one at most, and its scopes only grow. A
// revoked grant is never revived: a new one takes its place.
// It is called inside [Store.Do].
func (s *Store) UpsertGrant(ctx context.Context, accountID, clientID, identity string, scopes []string, now time.Time) (Grant, error) {
	g, err := s.LivingGrant(ctx, accountID, clientID, identity)
	switch {
	case errors.Is(err, ErrNotFound):
		g = Grant{ID: rand.Text(), AccountID: accountID, ClientID: clientID, Identity: identity, CreatedAt: now.UTC()}
	case err != nil:
		return Grant{}, err
	}
	union := union(g.Scopes, scopes)
	if len(union) == len(g.Scopes) && !g.UpdatedAt.IsZero() {
		return g, nil
	}
	g.Scopes, g.UpdatedAt = union, now.UTC()
	return g, s.Grants.Put(ctx, g)
}

// RevokeGrant ends the grant and with it all authorizations beneath, at once.
// One revoked before stays as it was. It is called inside [Store.Do], and
// returns ErrNotFound if there is no such grant.
func (s *Store) RevokeGrant(ctx context.Context, id string, now time.Time) error {
	g, err := s.Grants.Get(ctx, id)
	if err != nil || !g.RevokedAt.IsZero() {
		return err
	}
	g.RevokedAt = now.UTC()
	return s.Grants.Put(ctx, g)
}

// union returns what is in a, then what more is in b, without repetition.
func union[T comparable](a, b []T) []T {
	all := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}
