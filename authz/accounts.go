package authz

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/offlineauth/offlineauth/store"
)

// AddAccount adds an account. Its ID, the subject of its tokens, is random and
// never given again, not even to the same username. A username that is taken is
// a store.ErrExists.
func (s *Server) AddAccount(ctx context.Context, username, name string) (store.Account, error) {
	if username == "" || utf8.RuneCountInString(username) > 100 || !utf8.ValidString(username) || strings.ContainsFunc(username, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return store.Account{}, refusef("invalid_request", "a username has 1 to 100 printable characters without spaces")
	}
	account := store.Account{ID: randomID(), Username: username, Name: name, CreatedAt: time.Now()}
	return account, s.store.Do(ctx, func(ctx context.Context) error {
		if err := s.store.Accounts.Put(ctx, account); err != nil {
			return err
		}
		return s.record(ctx, eventAccountAdded, store.Authorization{AccountID: account.ID}, username)
	})
}

// RemoveAccount removes the account of that username and revokes everything it
// granted. An unknown one is a store.ErrNotFound.
func (s *Server) RemoveAccount(ctx context.Context, username string) error {
	return s.store.Do(ctx, func(ctx context.Context) error {
		account, err := s.store.AccountByUsername(ctx, username)
		if err != nil {
			return err
		}
		if err := s.endGrants(ctx, account.ID, ""); err != nil {
			return err
		}
		if err := s.store.Accounts.Delete(ctx, account.ID); err != nil {
			return err
		}
		for _, kind := range []Secret{PIN, Password} {
			if err := s.store.DeleteCredential(ctx, account.ID, string(kind)); err != nil {
				return err
			}
		}
		return s.record(ctx, eventAccountGone, store.Authorization{AccountID: account.ID}, username)
	})
}
