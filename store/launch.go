package store

import (
	"context"
	"errors"
	"time"
)

// Launch is one launch of an app as a lesson. Its credentials allow what the grant
// made for it allows, and nothing else is beneath that grant.
type Launch struct {
	ID         string // random: the username of its credentials
	GrantID    string
	Format     string    `json:",omitzero"` // of the link
	SecretHash []byte    `json:",omitzero"` // SHA-256 of the password; nil until it was fetched
	FetchHash  []byte    `json:",omitzero"` // SHA-256 of what the password can be fetched with; nil if it was in the link
	CreatedAt  time.Time `json:",omitzero"`
	ExpiresAt  time.Time `json:",omitzero"` // that of its grant
	BoundAt    time.Time `json:",omitzero"` // of its first use; zero before
	Identity   string    `json:",omitzero"` // who may use it since: an app identity; "" whoever is unattested
}

func launches() spec[Launch] {
	return spec[Launch]{
		bucket:  "launches",
		sealed:  true,
		key:     func(l *Launch) []byte { return []byte(l.ID) },
		undoes:  func(l, old *Launch) bool { return undoes(l.BoundAt, old.BoundAt) },
		expires: func(l *Launch) time.Time { return l.ExpiresAt },
		indexes: []index[Launch]{launchesToFetch()},
	}
}

func launchesToFetch() index[Launch] {
	return index[Launch]{bucket: "launches to fetch", key: func(l *Launch) []byte { return l.FetchHash }}
}

// CreateLaunch stores a launch and its grant, which gets the launch's end. It is
// called inside [Store.Do].
func (s *Store) CreateLaunch(ctx context.Context, l Launch, g Grant) error {
	g.ExpiresAt = l.ExpiresAt
	return errors.Join(s.Grants.Put(ctx, g), s.Launches.Put(ctx, l))
}

// LiveLaunch returns the launch with its grant if its credentials are to be
// honoured. The errors are ErrNotFound; ErrEnded if the grant was revoked;
// ErrExpired, and then the launch is deleted. It may be called inside [Store.Do]
// and outside.
func (s *Store) LiveLaunch(ctx context.Context, id string, now time.Time) (Launch, Grant, error) {
	var l *Launch
	var g *Grant
	err := s.read(ctx, func(r Reader) (err error) {
		if l, err = s.Launches.load(r, []byte(id)); err != nil {
			return err
		}
		if expired(l.ExpiresAt, now) {
			return s.Launches.fail(ErrExpired)
		}
		g, err = s.Grants.load(r, []byte(l.GrantID))
		if errors.Is(err, ErrNotFound) || err == nil && !g.RevokedAt.IsZero() {
			return s.Grants.fail(ErrEnded)
		}
		return err
	})
	if errors.Is(err, ErrExpired) {
		err = s.Launches.forget(ctx, []byte(id), now)
	}
	if err != nil {
		return Launch{}, Grant{}, err
	}
	return *l, *g, nil
}

// BindLaunch marks the first use of a launch, by an app with identity, and returns
// the launch. Of any number of callers with different identities one binds it: the
// others, and all who come later, get ErrConsumed. It is called inside [Store.Do],
// after [Store.LiveLaunch].
func (s *Store) BindLaunch(ctx context.Context, id, identity string, now time.Time) (Launch, error) {
	l, err := s.Launches.Get(ctx, id)
	switch {
	case err != nil:
		return Launch{}, err
	case l.BoundAt.IsZero():
		l.BoundAt, l.Identity = now.UTC(), identity
		return l, s.Launches.Put(ctx, l)
	case l.Identity != identity:
		return Launch{}, s.Launches.fail(ErrConsumed)
	}
	return l, nil
}

// LaunchToFetch returns the launch whose password is fetched with what has this
// hash, or ErrNotFound.
func (s *Store) LaunchToFetch(ctx context.Context, hash []byte) (Launch, error) {
	return s.Launches.lookup(ctx, launchesToFetch(), hash)
}

// FetchLaunch gives a launch the password with secretHash: once. Of any number of
// callers one succeeds; the others get ErrConsumed. It is called inside [Store.Do].
func (s *Store) FetchLaunch(ctx context.Context, id string, secretHash []byte) error {
	l, err := s.Launches.Get(ctx, id)
	if err != nil {
		return err
	}
	if l.SecretHash != nil {
		return s.Launches.fail(ErrConsumed)
	}
	l.SecretHash = secretHash
	return s.Launches.Put(ctx, l)
}
