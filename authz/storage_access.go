package authz

import (
	"context"
	"time"

	"github.com/ory/fosite"
)

// Access tokens leave no record: the authorization they name does, and revoking
// one ends it.

func (storage) CreateAccessTokenSession(context.Context, string, fosite.Requester) error { return nil }
func (storage) DeleteAccessTokenSession(context.Context, string) error                   { return nil }

func (st storage) GetAccessTokenSession(ctx context.Context, authorizationID string, given fosite.Session) (fosite.Requester, error) {
	x := exchangeFrom(ctx)
	if err := st.loadAuthorization(ctx, x, authorizationID); err != nil {
		return nil, x.refuse(fosite.ErrNotFound, err)
	}
	return st.request(x, given), nil
}

// RevokeAccessToken ends the authorization, and with it every token beneath it.
func (st storage) RevokeAccessToken(ctx context.Context, authorizationID string) error {
	x := exchangeFrom(ctx)
	reason := "revoked by the client"
	if x.cause != nil && !x.revoking {
		reason = x.cause.Error()
	}
	if err := st.s.store.EndAuthorization(ctx, authorizationID, reason, time.Now()); err != nil {
		return err
	}
	return st.s.record(ctx, eventEnded, *x.authorization, reason)
}

// RevokeRefreshToken has nothing left to do: fosite always calls it together
// with RevokeAccessToken.
func (storage) RevokeRefreshToken(context.Context, string) error { return nil }
