package authz

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
)

// Refresh tokens are known by their hashes, in the record of their login. What a request
// does to them is written with that record, once: see [Server.token].

func (st storage) GetRefreshTokenSession(ctx context.Context, signature string, given fosite.Session) (fosite.Requester, error) {
	x := exchangeFrom(ctx)
	if err := st.loadRefreshToken(ctx, x, signature); err != nil {
		return nil, x.refuse(fosite.ErrNotFound, err)
	}
	request := st.request(x, given)
	request.RequestedScope, request.GrantedScope = x.authorization.Scopes, x.authorization.Scopes
	if x.revoking || x.authorization.Refresh.InForce(x.predecessor) || mayRetry(x.authorization, x.predecessor, time.Now()) {
		return request, nil
	}
	store.Keep(ctx)
	return request, x.refuse(fosite.ErrInactiveToken, fmt.Errorf("refresh token used twice: %w", store.ErrConsumed))
}

func (st storage) loadRefreshToken(ctx context.Context, x *exchange, signature string) error {
	id, hash, err := st.locate(ctx, signature)
	if err != nil {
		return err
	}
	now := time.Now()
	login, err := st.s.store.LiveAuthorization(ctx, id, now)
	if err == nil && !login.Refresh.Knows(hash) {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	if err := x.take(&login); err != nil {
		return err
	}
	if !now.Before(login.Refresh.ExpiresAt) {
		store.Keep(ctx)
		return errors.Join(store.ErrExpired, st.s.store.ForgetRefreshTokens(ctx, id))
	}
	x.predecessor = hash
	if end := now.Add(st.s.lifetimes.RefreshTotal); ahead(login.ExpiresAt, end) {
		login.ExpiresAt = end.UTC() // it was made in the future; let it end as if it were made now
	}
	return nil
}

func (st storage) CreateRefreshTokenSession(ctx context.Context, signature, _ string, request fosite.Requester) error {
	x, now := exchangeFrom(ctx), time.Now()
	_, hash, err := st.locate(ctx, signature)
	if err != nil {
		return err
	}
	expiresAt := earlier(request.GetSession().GetExpiresAt(fosite.RefreshToken), x.authorization.ExpiresAt)
	if x.predecessor != nil {
		return x.authorization.Rotate(x.predecessor, hash, expiresAt, now)
	}
	return x.authorization.Issue(hash, expiresAt, now)
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
