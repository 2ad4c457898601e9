package authz

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// ErrWrongSecret means that the PIN or the password is not the account's, or
// that there is no such account, or that it has none. They look the same.
var ErrWrongSecret = errors.New("that is not right")

// SetSecret gives the account a PIN or a password, or another one. An unknown
// account is a store.ErrNotFound, a secret that is too simple [ErrUnfitSecret].
// Who may do so is for the caller to ask.
func (s *Server) SetSecret(ctx context.Context, accountID string, kind Secret, secret string) error {
	secret = kind.normalized(secret)
	if err := kind.check(secret); err != nil {
		return err
	}
	c := blank(accountID, kind)
	var err error
	if c.Hash, err = s.hasher.hash(ctx, secret, c); err != nil {
		return err
	}
	return s.store.Do(ctx, func(ctx context.Context) error {
		if _, err := s.store.Accounts.Get(ctx, accountID); err != nil {
			return err
		}
		if err := s.store.Credentials.Put(ctx, c); err != nil {
			return err
		}
		return s.record(ctx, eventSecretSet, store.Authorization{AccountID: accountID}, string(kind))
	})
}

// RemoveSecret takes the account's PIN or password away. Without one, anybody
// who holds the device unlocked can approve for the account; nobody can sign it
// in over a network. One that is not there is a store.ErrNotFound.
func (s *Server) RemoveSecret(ctx context.Context, accountID string, kind Secret) error {
	return s.store.Do(ctx, func(ctx context.Context) error {
		if _, err := s.store.Credential(ctx, accountID, string(kind)); err != nil {
			return err
		}
		if err := s.store.DeleteCredential(ctx, accountID, string(kind)); err != nil {
			return err
		}
		return s.record(ctx, eventSecretGone, store.Authorization{AccountID: accountID}, string(kind))
	})
}

// HasSecret reports whether the account has one of the kind.
func (s *Server) HasSecret(ctx context.Context, accountID string, kind Secret) (bool, error) {
	_, err := s.store.Credential(ctx, accountID, string(kind))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Prove returns nil if the secret is the account's. A wrong one is
// [ErrWrongSecret]; after five of them there is a wait, a *store.WaitError. The
// try is on the disk before it is judged, so that killing the process gives no
// more tries: a wrong secret is one commit, a right one two.
func (s *Server) Prove(ctx context.Context, accountID string, kind Secret, secret string) error {
	return s.prove(ctx, kind, secret, func(ctx context.Context) (store.Credential, error) {
		return s.try(ctx, accountID, kind)
	})
}

// SignIn returns the account with that username and secret, for a sign-in page
// that strangers can reach. It tells nobody which accounts there are: an unknown
// username, or one without a secret, is judged, counted and throttled like any
// other, and costs the same.
func (s *Server) SignIn(ctx context.Context, username string, kind Secret, secret string) (store.Account, error) {
	var account store.Account
	err := s.prove(ctx, kind, secret, func(ctx context.Context) (c store.Credential, err error) {
		account, err = s.store.AccountByUsername(ctx, username)
		if err == nil {
			c, err = s.try(ctx, account.ID, kind)
		}
		if errors.Is(err, store.ErrNotFound) {
			return s.tryStranger(ctx, username, kind)
		}
		return c, err
	})
	if err != nil {
		return store.Account{}, err
	}
	return account, nil
}

// prove counts a try, judges it outside of the transaction, and forgets the
// tries if it was right.
func (s *Server) prove(ctx context.Context, kind Secret, secret string, try func(context.Context) (store.Credential, error)) error {
	var c store.Credential
	err := s.store.Do(ctx, func(ctx context.Context) (err error) {
		c, err = try(ctx)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrWrongSecret, err)
	}
	if err != nil {
		return err
	}
	right, err := s.hasher.matches(ctx, kind.normalized(secret), c)
	switch {
	case err != nil:
		return err
	case !right:
		s.log.InfoContext(ctx, "wrong secret", "kind", kind, "account", c.AccountID, "failures", c.Failures, "caller", callerFrom(ctx))
		return ErrWrongSecret
	}
	return s.store.Do(ctx, func(ctx context.Context) error { return s.store.CredentialProved(ctx, c) })
}

// try counts a try. Guessing goes into the audit trail as soon as it looks like it.
func (s *Server) try(ctx context.Context, accountID string, kind Secret) (store.Credential, error) {
	c, err := s.store.TryCredential(ctx, accountID, string(kind), time.Now(), kind.wait)
	if err != nil || c.Failures <= freeTries {
		return c, err
	}
	return c, s.record(ctx, eventGuessing, store.Authorization{AccountID: accountID}, string(kind))
}

// strangers is how many records stand for all usernames there are none of.
const strangers = 1024

// tryStranger counts a try at an account that is not there, in a record that no
// secret matches. Usernames share a bounded number of them.
func (s *Server) tryStranger(ctx context.Context, username string, kind Secret) (store.Credential, error) {
	sum := sha256.Sum256([]byte(username))
	slot := fmt.Sprintf("stranger %d", binary.BigEndian.Uint64(sum[:])%strangers)
	c, err := s.try(ctx, slot, kind)
	if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	decoy := blank(slot, kind)
	decoy.Hash = make([]byte, hashSize)
	_, _ = rand.Read(decoy.Hash) // never fails
	if err := s.store.Credentials.Put(ctx, decoy); err != nil {
		return store.Credential{}, err
	}
	return s.try(ctx, slot, kind)
}
