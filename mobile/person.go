package mobile

import (
	"context"
	"strings"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

func (a *app) Accounts() (*Text, error) {
	return list(a, a.server.Accounts, func(r store.Account) account { return account{r.ID, r.Username, r.Name} })
}

func (a *app) AddAccount(username, name string) error {
	return a.do(func(ctx context.Context) error {
		_, err := a.server.AddAccount(ctx, username, name)
		return err
	})
}

func (a *app) SetPIN(accountID, current, pin string) error {
	return a.do(func(ctx context.Context) error {
		has, err := a.server.HasSecret(ctx, accountID, authz.PIN)
		if err == nil && has {
			err = a.server.Prove(ctx, accountID, authz.PIN, current)
		}
		switch {
		case err != nil:
			return err
		case pin != "":
			return a.server.SetSecret(ctx, accountID, authz.PIN, pin)
		case has:
			return a.server.RemoveSecret(ctx, accountID, authz.PIN)
		}
		return nil
	})
}

func (a *app) RemoveAccount(username string) error {
	return a.do(func(ctx context.Context) error { return a.server.RemoveAccount(ctx, username) })
}

func (a *app) Clients() (*Text, error) {
	return list(a, a.server.Clients, func(r store.Client) client {
		return client{r.ID, r.Name, r.RedirectURIs, r.Scopes, r.Identities}
	})
}

func (a *app) AddClient(id, name, redirectURI, scopes, identities string) error {
	return a.do(func(ctx context.Context) error {
		_, _, err := a.server.AddClient(ctx, authz.Registration{
			ID:           id,
			Name:         name,
			RedirectURIs: fields(redirectURI),
			Scopes:       strings.Fields(scopes),
			Identities:   fields(identities),
		})
		return err
	})
}

func (a *app) RemoveClient(id string) error {
	return a.do(func(ctx context.Context) error { return a.server.RemoveClient(ctx, id) })
}

func (a *app) Grants() (*Text, error) {
	return list(a, a.server.Grants, func(r store.Grant) grant {
		return grant{r.ID, r.AccountID, r.ClientID, r.Identity, r.Scopes, r.CreatedAt, r.LastUsedAt}
	})
}

func (a *app) RevokeGrant(id string) error {
	return a.do(func(ctx context.Context) error { return a.server.RevokeGrant(ctx, id) })
}

func (a *app) Activity(limit int) (*Text, error) {
	newest := func(ctx context.Context) ([]store.Event, error) { return a.server.Activity(ctx, limit) }
	return list(a, newest, func(r store.Event) event {
		return event{r.Time, r.Kind, r.AccountID, r.ClientID, r.Identity, r.Detail}
	})
}
