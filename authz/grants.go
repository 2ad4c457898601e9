package authz

import (
	"context"
	"errors"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// Grants returns what is granted at present: by one account, or by all if
// accountID is "".
func (s *Server) Grants(ctx context.Context, accountID string) ([]store.Grant, error) {
	return s.grants(ctx, accountID, "")
}

// grants are those that are in force, of an account, to a client, or both.
func (s *Server) grants(ctx context.Context, accountID, clientID string) ([]store.Grant, error) {
	all, err := s.store.GrantsOf(ctx, accountID, clientID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	living := make([]store.Grant, 0, len(all))
	for _, g := range all {
		over := !g.RevokedAt.IsZero() || !g.ExpiresAt.IsZero() && !now.Before(g.ExpiresAt)
		if !over {
			g.LastUsedAt = s.store.LastUsed(g)
			living = append(living, g)
		}
	}
	return living, nil
}

// GrantedLogins returns the logins beneath a grant that are in force. An unknown grant
// has none.
func (s *Server) GrantedLogins(ctx context.Context, grantID string) ([]store.Authorization, error) {
	var logins []store.Authorization
	now := time.Now()
	for a, err := range s.store.Authorizations.All(ctx) {
		if err != nil {
			return nil, err
		}
		if a.GrantID == grantID && a.EndedAt.IsZero() && (a.ExpiresAt.IsZero() || now.Before(a.ExpiresAt)) {
			logins = append(logins, a)
		}
	}
	return logins, nil
}

// RevokeGrant takes back a grant. Its codes, refresh tokens and access tokens are
// refused from the next request on, and the app has to ask again. An unknown
// grant is a store.ErrNotFound; one that was revoked before stays as it was.
func (s *Server) RevokeGrant(ctx context.Context, id string) error {
	return s.store.Do(ctx, func(ctx context.Context) error {
		g, err := s.store.Grants.Get(ctx, id)
		if err != nil || !g.RevokedAt.IsZero() {
			return err
		}
		return s.revokeGrant(ctx, g)
	})
}

// RevokeListed takes back the grants of those IDs in one commit. Those that are
// gone are passed over.
func (s *Server) RevokeListed(ctx context.Context, ids []string) error {
	return s.store.Do(ctx, func(ctx context.Context) error {
		for _, id := range ids {
			g, err := s.store.Grants.Get(ctx, id)
			switch {
			case errors.Is(err, store.ErrNotFound):
				continue
			case err != nil:
				return err
			case !g.RevokedAt.IsZero():
				continue
			}
			if err := s.revokeGrant(ctx, g); err != nil {
				return err
			}
		}
		return nil
	})
}

// RevokeGrants takes back all that an account has granted, or all that a client was
// granted, or what the one has granted the other; "" is any. It returns how many
// grants that were.
func (s *Server) RevokeGrants(ctx context.Context, accountID, clientID string) (revoked int, err error) {
	err = s.store.Do(ctx, func(ctx context.Context) error {
		revoked = 0
		grants, err := s.grants(ctx, accountID, clientID)
		for _, g := range grants {
			if err == nil {
				err = s.revokeGrant(ctx, g)
				revoked++
			}
		}
		return err
	})
	return revoked, err
}

// revokeGrant takes back one that is in force, inside a transaction.
func (s *Server) revokeGrant(ctx context.Context, g store.Grant) error {
	if err := s.store.RevokeGrant(ctx, g.ID, time.Now()); err != nil {
		return err
	}
	return s.record(ctx, eventRevoked, ownerOf(g), "")
}

// endGrants revokes those of an account, or to a client, that goes, inside a
// transaction. The trail tells of that one.
func (s *Server) endGrants(ctx context.Context, accountID, clientID string) error {
	grants, err := s.store.GrantsOf(ctx, accountID, clientID)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if err := s.store.RevokeGrant(ctx, g.ID, time.Now()); err != nil {
			return err
		}
	}
	return nil
}
