package authz

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// Authenticate returns what the Basic credentials of a launch allow, if they are in
// force: known, not expired, their grant not revoked, and presented by the app they
// are for. Who that is the first use decides, which is a durable commit; no other
// use is one. The caller is taken from ctx.
//
// The error is an [*Error], as that of [Server.Introspect].
func (s *Server) Authenticate(ctx context.Context, username, password string) (Token, error) {
	launch, grant, err := s.liveLaunch(ctx, username)
	if err == nil && subtle.ConstantTimeCompare(tokenHash(password), launch.SecretHash) != 1 {
		err = errWrongSecret
	}
	if err == nil {
		launch, err = s.useLaunch(ctx, launch, grant)
	}
	switch {
	case notInForce(err):
		s.witness(ctx, err)
		return Token{}, &Error{Code: "invalid_token", Description: "the credentials are not valid", Cause: err}
	case err != nil:
		return Token{}, asError(err, nil)
	}
	s.store.UseGrant(grant.ID, time.Now())
	return Token{
		Subject:   grant.AccountID,
		ClientID:  grant.ClientID,
		Scopes:    grant.Scopes,
		Audience:  []string{s.issuer},
		App:       launch.Identity,
		Launch:    launch.Format,
		IssuedAt:  launch.CreatedAt,
		ExpiresAt: launch.ExpiresAt,
		ID:        launch.ID,
	}, nil
}

var errWrongSecret = errors.New("wrong password")

// liveLaunch is the launch with its grant if its credentials are to be honoured. One
// that was made while the clock was far ahead would live for as long as that clock
// says.
func (s *Server) liveLaunch(ctx context.Context, id string) (store.Launch, store.Grant, error) {
	now := time.Now()
	launch, grant, err := s.store.LiveLaunch(ctx, id, now)
	if err == nil && ahead(launch.CreatedAt, now) {
		err = fmt.Errorf("%w: launched in the future, at %s", store.ErrEnded, launch.CreatedAt)
	}
	return launch, grant, err
}

// notInForce tells a refusal from a failure.
func notInForce(err error) bool {
	for _, refusal := range []error{store.ErrNotFound, store.ErrEnded, store.ErrExpired, store.ErrConsumed, errWrongSecret, errNotYours} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// useLaunch lets the app use the launch that may, and binds it at the first use.
func (s *Server) useLaunch(ctx context.Context, launch store.Launch, grant store.Grant) (store.Launch, error) {
	caller := callerFrom(ctx)
	if !launch.BoundAt.IsZero() {
		if launch.Identity != caller.Identity {
			return store.Launch{}, &strangerError{ownerOf(grant), fmt.Errorf("%w: used first by %q, presented by %q", errNotYours, launch.Identity, caller.Identity)}
		}
		return launch, nil
	}
	err := s.store.Do(ctx, func(ctx context.Context) (err error) {
		launch, grant, err = s.liveLaunch(ctx, launch.ID)
		if err == nil {
			launch, err = s.bindLaunch(ctx, launch, grant)
		}
		return err
	})
	return launch, err
}

// bindLaunch is called in the transaction that has read the launch.
func (s *Server) bindLaunch(ctx context.Context, launch store.Launch, grant store.Grant) (store.Launch, error) {
	caller := callerFrom(ctx)
	client, err := s.store.Clients.Get(ctx, grant.ClientID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Launch{}, err
	}
	if len(client.Identities) > 0 && !slices.Contains(client.Identities, caller.Identity) {
		return store.Launch{}, &strangerError{ownerOf(grant), fmt.Errorf("%w: client %q is not the app %q", errNotYours, client.ID, caller.Identity)}
	}
	bound, err := s.store.BindLaunch(ctx, launch.ID, caller.Identity, time.Now())
	if err != nil || !launch.BoundAt.IsZero() {
		return bound, err
	}
	grant.Identity = caller.Identity
	if err := s.store.Grants.Put(ctx, grant); err != nil {
		return store.Launch{}, err
	}
	return bound, s.record(ctx, eventLaunchUsed, ownerOf(grant), grant.Launched)
}

func ownerOf(grant store.Grant) store.Authorization {
	return store.Authorization{AccountID: grant.AccountID, ClientID: grant.ClientID}
}
