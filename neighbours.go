package offlineauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

// introspector is authz as the guard of package resource wants to ask it.
type introspector struct{ auth *authz.Server }

func (i introspector) Introspect(ctx context.Context, token string) (resource.Token, error) {
	return asToken(i.auth.Introspect(ctx, token))
}

func (i introspector) Authenticate(ctx context.Context, userID, password string) (resource.Token, error) {
	return asToken(i.auth.Authenticate(ctx, userID, password))
}

func asToken(t authz.Token, err error) (resource.Token, error) {
	var refusal *authz.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == "invalid_token":
		return resource.Token{}, fmt.Errorf("%w: %w", resource.ErrInvalidToken, err)
	case err != nil:
		return resource.Token{}, err
	}
	return resource.Token{
		Subject:   t.Subject,
		ClientID:  t.ClientID,
		Scopes:    t.Scopes,
		Audience:  t.Audience,
		App:       t.App,
		Launch:    t.Launch,
		DPoPKey:   t.DPoPKey,
		ExpiresAt: t.ExpiresAt,
	}, nil
}

// stranger puts into the audit trail that somebody has shown another app's token.
func (s *Server) stranger(ctx context.Context, t resource.Token) {
	s.auth.Witness(ctx, authz.Token{Subject: t.Subject, ClientID: t.ClientID})
}

// directory is the store's accounts as userinfo wants to ask for them.
type directory struct{ store *store.Store }

func (d directory) Profile(ctx context.Context, subject string) (resource.Profile, error) {
	account, err := d.store.Accounts.Get(ctx, subject)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: its account is gone: %w", resource.ErrInvalidToken, err)
	}
	return resource.Profile{Username: account.Username, Name: account.Name}, err
}

// notice is a refusal of authz as the pages show it.
type notice struct{ refusal *authz.Error }

func (n notice) Error() string  { return n.refusal.Error() }
func (n notice) Unwrap() error  { return n.refusal }
func (n notice) Notice() string { return "The request was refused: " + n.refusal.Description + "." }

func asNotice(err error) error {
	var refusal *authz.Error
	switch {
	case errors.Is(err, store.ErrConsumed):
		return fmt.Errorf("%w: %w", ui.ErrDecided, err)
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExpired):
		return fmt.Errorf("%w: %w", ui.ErrGone, err)
	}
	if errors.As(err, &refusal) && refusal.Code != "server_error" {
		return notice{refusal}
	}
	return err
}

func view(i authz.Interaction, accounts []ui.Account) ui.Consent {
	consent := ui.Consent{
		ID:             i.ID,
		Client:         i.ClientName,
		ClientID:       i.ClientID,
		Identity:       i.Identity,
		Confirmed:      i.Registered,
		SelfRegistered: i.SelfRegistered,
		New:            i.New,
		Resources:      i.Resources,
		ReturnTo:       i.RedirectURI,
		Hint:           i.LoginHint,
		SelectAccount:  i.SelectAccount,
		AuthAfter:      i.AuthAfter,
		ExpiresAt:      i.ExpiresAt,
	}
	for _, s := range i.Scopes {
		consent.Scopes = append(consent.Scopes, shownScope(s))
	}
	for _, a := range accounts {
		if i.AccountID == "" || i.AccountID == a.ID {
			consent.Accounts = append(consent.Accounts, a)
		}
	}
	return consent
}
