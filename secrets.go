package offlineauth

import (
	"context"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// SetSecret gives an account a PIN or a password, or another one. One that is
// too simple is an authz.ErrUnfitSecret.
func (s *Server) SetSecret(ctx context.Context, accountID string, kind authz.Secret, secret string) error {
	return s.auth.SetSecret(ctx, accountID, kind, secret)
}

// RemoveSecret takes an account's PIN or password away. One that is not there
// is a store.ErrNotFound.
func (s *Server) RemoveSecret(ctx context.Context, accountID string, kind authz.Secret) error {
	return s.auth.RemoveSecret(ctx, accountID, kind)
}

// HasSecret reports whether an account has a secret of the kind.
func (s *Server) HasSecret(ctx context.Context, accountID string, kind authz.Secret) (bool, error) {
	return s.auth.HasSecret(ctx, accountID, kind)
}

// Prove returns nil if the secret is the account's, an authz.ErrWrongSecret if it
// is not, and a *store.WaitError after too many tries.
func (s *Server) Prove(ctx context.Context, accountID string, kind authz.Secret, secret string) error {
	return s.auth.Prove(ctx, accountID, kind, secret)
}

// SignIn returns the account with that username and secret, for a sign-in page
// that strangers can reach; its errors are those of Prove, and tell nothing of
// which accounts there are.
func (s *Server) SignIn(ctx context.Context, username string, kind authz.Secret, secret string) (store.Account, error) {
	return s.auth.SignIn(ctx, username, kind, secret)
}
