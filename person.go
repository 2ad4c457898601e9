package offlineauth

import (
	"context"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

// A Request is what a launched link asks for.
type Request struct {
	ui.Consent // to show, if Launch is nil

	// Launch, if not nil, is the answer: the person has allowed this app the same
	// before, and nobody is to be asked.
	Launch *linkhandler.Launch
}

// Begin takes a launched authorization link and returns what to show the person, or
// the answer to launch at once. The error is an *authz.Error; if it has a Launch,
// launch that to tell the client.
func (s *Server) Begin(ctx context.Context, link string) (Request, error) {
	interaction, err := s.auth.Begin(ctx, link)
	if err != nil || interaction.Launch != nil {
		return Request{Launch: interaction.Launch}, err
	}
	consent, err := s.consent(ctx, interaction)
	return Request{Consent: consent}, err
}

// Consent returns an undecided request again.
func (s *Server) Consent(ctx context.Context, id string) (ui.Consent, error) {
	interaction, err := s.auth.Interaction(ctx, id)
	if err != nil {
		return ui.Consent{}, asNotice(err)
	}
	return s.consent(ctx, interaction)
}

func (s *Server) consent(ctx context.Context, interaction authz.Interaction) (ui.Consent, error) {
	accounts, err := household{s}.Accounts(ctx)
	if err != nil {
		return ui.Consent{}, err
	}
	consent := view(interaction, accounts)
	for i, a := range consent.Accounts {
		if consent.Accounts[i].Granted, err = s.auth.GrantedBefore(ctx, interaction, a.ID); err != nil {
			return ui.Consent{}, err
		}
	}
	return consent, nil
}

// Decide carries out a decision taken on a page and returns the redirect.
func (s *Server) Decide(ctx context.Context, id string, d ui.Decision) (string, error) {
	launch, err := s.Resolve(ctx, id, d, "page")
	return launch.URI, asNotice(err)
}

// Resolve carries out a decision and returns the redirect to launch. The method
// by which it was taken ("page", "terminal", ...) goes into the audit trail, with
// the caller that the context names.
//
// Who approves for an account that has a PIN must know it: d has it, or says when
// it was proved. Without it the error is an authz.ErrWrongSecret.
func (s *Server) Resolve(ctx context.Context, id string, d ui.Decision, method string) (linkhandler.Launch, error) {
	if err := s.authenticate(ctx, &d); err != nil {
		return linkhandler.Launch{}, err
	}
	decision := authz.Decision{
		AccountID: d.AccountID,
		Scopes:    d.Scopes,
		AuthTime:  d.AuthTime,
		ACR:       d.ACR,
		Once:      d.Once,
		Method:    method,
	}
	if !d.Accept {
		return s.auth.Deny(ctx, id, decision)
	}
	return s.auth.Approve(ctx, id, decision)
}

// authenticate proves the PIN of an account that has one, and notes how the
// person was authenticated if nobody has yet.
func (s *Server) authenticate(ctx context.Context, d *ui.Decision) error {
	if !d.Accept {
		return nil
	}
	has, err := s.HasSecret(ctx, d.AccountID, authz.PIN)
	if err != nil {
		return err
	}
	acr := authz.ACRPresent
	if has {
		acr = authz.ACRPIN
		if d.AuthTime.IsZero() {
			if err := s.Prove(ctx, d.AccountID, authz.PIN, d.PIN); err != nil {
				return err
			}
		}
	}
	if d.ACR == "" {
		d.ACR = acr
	}
	return nil
}

// AddClient registers a client, or replaces the one with its ID. The secret is
// returned this once, if one was asked for.
func (s *Server) AddClient(ctx context.Context, r authz.Registration) (client store.Client, secret string, err error) {
	return s.auth.Register(ctx, r)
}

// RemoveClient removes a client and revokes all that was granted to it.
func (s *Server) RemoveClient(ctx context.Context, id string) error {
	return s.auth.Unregister(ctx, id)
}

// Clients returns the registered clients.
func (s *Server) Clients(ctx context.Context) ([]store.Client, error) {
	return s.store.Clients.List(ctx)
}

// AddAccount adds an account. A username that is taken is a store.ErrExists.
func (s *Server) AddAccount(ctx context.Context, username, name string) (store.Account, error) {
	return s.auth.AddAccount(ctx, username, name)
}

// RemoveAccount removes the account of that username and revokes all it granted.
func (s *Server) RemoveAccount(ctx context.Context, username string) error {
	return s.auth.RemoveAccount(ctx, username)
}

// Account returns the account of that username, or a store.ErrNotFound.
func (s *Server) Account(ctx context.Context, username string) (store.Account, error) {
	return s.store.AccountByUsername(ctx, username)
}

// Accounts returns the accounts.
func (s *Server) Accounts(ctx context.Context) ([]store.Account, error) {
	return s.store.Accounts.List(ctx)
}

// Grants returns what is granted at present, by everyone.
func (s *Server) Grants(ctx context.Context) ([]store.Grant, error) {
	return s.auth.Grants(ctx, "")
}

// GrantedLogins returns the logins beneath a grant that are in force.
func (s *Server) GrantedLogins(ctx context.Context, grantID string) ([]store.Authorization, error) {
	return s.auth.GrantedLogins(ctx, grantID)
}

// RevokeGrants takes back all that an account has granted, all that a client was
// granted, or what the one has granted the other; "" is any. It returns how many
// grants that were.
func (s *Server) RevokeGrants(ctx context.Context, accountID, clientID string) (int, error) {
	return s.auth.RevokeGrants(ctx, accountID, clientID)
}

// RevokeGrant takes back a grant, with every token beneath it, at once.
func (s *Server) RevokeGrant(ctx context.Context, id string) error {
	return s.auth.RevokeGrant(ctx, id)
}

// SigningKeys returns the key that signs tokens, then those before it whose tokens
// may still be in force.
func (s *Server) SigningKeys(ctx context.Context) ([]authz.SigningKey, error) {
	return s.auth.SigningKeys(ctx)
}

// RotateKey puts a new signing key in the place of the present one, by ES256 or EdDSA.
// A running server does so by itself when a key is old, and keeps the algorithm.
func (s *Server) RotateKey(ctx context.Context, how authz.Rotation) (authz.SigningKey, error) {
	return s.auth.RotateKey(ctx, how)
}

// Activity returns the newest events of the audit trail, newest first.
func (s *Server) Activity(ctx context.Context, limit int) ([]store.Event, error) {
	return s.store.Events.Newest(ctx, 0, limit)
}
