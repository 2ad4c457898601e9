package authz

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
)

// Refresh tokens are known by their hashes, each with that of its successor.

func (st storage) GetRefreshTokenSession(ctx context.Context, hash string, given fosite.Session) (fosite.Requester, error) {
	x := exchangeFrom(ctx)
	token, err := st.loadRefreshToken(ctx, x, []byte(hash))
	if err != nil {
		return nil, x.refuse(fosite.ErrNotFound, err)
	}
	request := st.request(x, given)
	request.RequestedScope, request.GrantedScope = x.authorization.Scopes, x.authorization.Scopes
	if token.RotatedAt.IsZero() || x.revoking {
		return request, nil
	}
	successor, err := st.s.store.RefreshTokens.Get(ctx, string(token.Successor))
	if err == nil && mayRetry(token, successor, isBound(x.authorization), time.Now()) {
		return request, nil
	}
	store.Keep(ctx)
	return request, x.refuse(fosite.ErrInactiveToken, fmt.Errorf("refresh token used twice: %w", store.ErrConsumed))
}

// isBound reports whether the refresh tokens of a login are good for its app or its
// key alone, which the request has shown to be or to have.
func isBound(login *store.Authorization) bool { return login.Identity != "" || login.DPoPKey != "" }

func (st storage) loadRefreshToken(ctx context.Context, x *exchange, hash []byte) (store.RefreshToken, error) {
	token, err := st.s.store.RefreshTokens.Get(ctx, string(hash))
	if err != nil {
		return token, err
	}
	if err := st.loadAuthorization(ctx, x, token.AuthorizationID); err != nil {
		return token, err
	}
	if !time.Now().Before(token.ExpiresAt) {
		store.Keep(ctx)
		return token, errors.Join(store.ErrExpired, st.s.store.RefreshTokens.Delete(ctx, string(hash)))
	}
	x.predecessor = hash
	return token, st.boundLogin(ctx, x.authorization, time.Now())
}

// boundLogin lets a login that was made in the future end as if it were made now.
func (st storage) boundLogin(ctx context.Context, login *store.Authorization, now time.Time) error {
	end := now.Add(st.s.lifetimes.RefreshTotal)
	if !ahead(login.ExpiresAt, end) {
		return nil
	}
	login.ExpiresAt = end.UTC()
	return st.s.store.Authorizations.Put(ctx, *login)
}

func (st storage) CreateRefreshTokenSession(ctx context.Context, hash, _ string, request fosite.Requester) error {
	x := exchangeFrom(ctx)
	now := time.Now()
	token := store.RefreshToken{
		Hash:            []byte(hash),
		AuthorizationID: x.authorization.ID,
		ClientID:        x.client.ID,
		Identity:        x.authorization.Identity,
		IssuedAt:        now,
		ExpiresAt:       earlier(request.GetSession().GetExpiresAt(fosite.RefreshToken), x.authorization.ExpiresAt),
	}
	if x.predecessor != nil {
		return st.s.store.RotateRefreshToken(ctx, x.predecessor, token, now)
	}
	return st.s.store.RefreshTokens.Put(ctx, token)
}

// RotateRefreshToken and DeleteRefreshTokenSession have nothing to do: the
// predecessor is marked when its successor is created, and a reused token dies
// with its authorization.
func (storage) RotateRefreshToken(context.Context, string, string) error { return nil }
func (storage) DeleteRefreshTokenSession(context.Context, string) error  { return nil }

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}
