package store

import (
	"context"
	"slices"
	"time"
)

// Consent is what a person has said about a grant and need not be asked again,
// and when they were last there. The zero Consent remembers nothing.
type Consent struct {
	Permissions []Permission `json:",omitzero"`
	AuthTime    time.Time    `json:",omitzero"` // when the person authenticated
	ACR         string       `json:",omitzero"` // how, as the authorization app says
	Answers     int          `json:",omitzero"` // logins without asking, since AnswersFrom
	AnswersFrom time.Time    `json:",omitzero"`
}

// Permission is one scope at one API; "" for no scope, and for the issuer's own
// APIs.
type Permission struct{ Scope, Resource string }

// Covers reports whether all of asked have been allowed.
func (c Consent) Covers(asked []Permission) bool {
	return len(asked) > 0 && !slices.ContainsFunc(asked, func(p Permission) bool { return !slices.Contains(c.Permissions, p) })
}

// RememberConsent adds the permissions of given to those the grant remembers,
// and puts the rest of it in the place of what was there. It is called inside
// [Store.Do], and returns ErrNotFound if there is no such grant.
func (s *Store) RememberConsent(ctx context.Context, grantID string, given Consent) error {
	g, err := s.Grants.Get(ctx, grantID)
	if err != nil {
		return err
	}
	given.Permissions = union(g.Consent.Permissions, given.Permissions)
	g.Consent = given
	return s.Grants.Put(ctx, g)
}
