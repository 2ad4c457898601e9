package authz

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"github.com/offlineauth/offlineauth/store"
)

// Authorization codes. The proof key and the nonce are part of the code's
// record, so no one can take them away and leave the code (fosite's PKCE
// session, deleted before the verifier is checked, was such a way).

func (st storage) CreateAuthorizeCodeSession(ctx context.Context, hash string, request fosite.Requester) error {
	sess := request.GetSession().(*session)
	code := sess.code
	code.Hash = []byte(hash)
	code.ExpiresAt = sess.GetExpiresAt(fosite.AuthorizeCode)
	return st.s.store.Codes.Put(ctx, code)
}

func (st storage) GetAuthorizeCodeSession(ctx context.Context, hash string, given fosite.Session) (fosite.Requester, error) {
	x := exchangeFrom(ctx)
	if x.code == nil {
		if err := st.loadCode(ctx, x, []byte(hash)); err != nil {
			return nil, x.refuse(fosite.ErrNotFound, err)
		}
	}
	request := st.codeRequest(x, given)
	if !x.code.RedeemedAt.IsZero() {
		store.Keep(ctx)
		return request, x.refuse(fosite.ErrInvalidatedAuthorizeCode, store.ErrConsumed)
	}
	return request, nil
}

func (st storage) loadCode(ctx context.Context, x *exchange, hash []byte) error {
	code, err := st.s.store.Codes.Get(ctx, string(hash))
	if err != nil {
		return err
	}
	if code.ClientID != x.client.ID || code.Identity != "" && code.Identity != x.caller.Identity {
		return st.stranger(ctx, code, errNotYours)
	}
	if !x.keyMatches(code.DPoPKey) {
		return st.stranger(ctx, code, errOtherKey)
	}
	now := time.Now()
	if code.RedeemedAt.IsZero() && !now.Before(code.ExpiresAt) {
		store.Keep(ctx)
		return errors.Join(store.ErrExpired, st.s.store.Codes.Delete(ctx, string(hash)))
	}
	login, err := st.s.store.LiveAuthorization(ctx, code.AuthorizationID, now)
	if err != nil {
		return err
	}
	if login.Identity != "" && login.Identity != x.caller.Identity {
		return &strangerError{login, errNotYours}
	}
	if !x.keyMatches(login.DPoPKey) {
		return &strangerError{login, errOtherKey}
	}
	// A login belongs to the app that redeems its code, and to its key. The access token is made
	// before the code is marked, and has to say so too.
	login.Identity = x.caller.Identity
	x.bindKey(&login)
	x.code, x.authorization = &code, &login
	return nil
}

// stranger refuses who shows the code of another.
func (st storage) stranger(ctx context.Context, code store.Code, why error) error {
	owner, err := st.s.store.Authorizations.Get(ctx, code.AuthorizationID)
	if errors.Is(err, store.ErrNotFound) {
		owner, err = store.Authorization{ClientID: code.ClientID}, nil
	}
	return errors.Join(&strangerError{owner, why}, err)
}

func (st storage) codeRequest(x *exchange, given fosite.Session) *fosite.Request {
	request := st.request(x, given)
	request.RequestedScope, request.GrantedScope = x.code.Scopes, x.code.Scopes
	request.Form = url.Values{
		"redirect_uri":          {x.code.RedirectURI},
		"code_challenge":        {x.code.Challenge},
		"code_challenge_method": {"S256"},
	}
	if x.authorization.Nonce != "" {
		request.Form.Set("nonce", x.authorization.Nonce)
	}
	return request
}

func (st storage) InvalidateAuthorizeCodeSession(ctx context.Context, hash string) error {
	x := exchangeFrom(ctx)
	if _, err := st.s.store.RedeemCode(ctx, []byte(hash), time.Now()); err != nil {
		return err
	}
	return st.s.store.Authorizations.Put(ctx, *x.authorization)
}

func (storage) CreatePKCERequestSession(context.Context, string, fosite.Requester) error { return nil }
func (storage) DeletePKCERequestSession(context.Context, string) error                   { return nil }

func (st storage) GetPKCERequestSession(ctx context.Context, hash string, given fosite.Session) (fosite.Requester, error) {
	return st.GetAuthorizeCodeSession(ctx, hash, given)
}

func (storage) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}
func (storage) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

// GetOpenIDConnectSession is called with the raw code, after it was redeemed.
func (st storage) GetOpenIDConnectSession(ctx context.Context, _ string, requester fosite.Requester) (fosite.Requester, error) {
	request := st.codeRequest(exchangeFrom(ctx), requester.GetSession())
	if !request.GrantedScope.Has("openid") {
		return nil, openid.ErrNoSessionFound
	}
	return request, nil
}
