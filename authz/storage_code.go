package authz

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"github.com/offlineauth/offlineauth/store"
)

// Authorization codes. The proof key and the nonce are in the one record with
// the code, so no one can take them away and leave the code (fosite's PKCE
// session, deleted before the verifier is checked, was such a way).

func (st storage) CreateAuthorizeCodeSession(ctx context.Context, signature string, request fosite.Requester) error {
	_, hash, err := st.locate(ctx, signature)
	if err != nil {
		return err
	}
	sess := request.GetSession().(*session)
	login := sess.authorization
	login.Code.Hash = hash
	login.Code.ExpiresAt = sess.GetExpiresAt(fosite.AuthorizeCode)
	return st.s.store.Authorizations.Put(ctx, login)
}

func (st storage) GetAuthorizeCodeSession(ctx context.Context, signature string, given fosite.Session) (fosite.Requester, error) {
	x := exchangeFrom(ctx)
	if x.code == nil {
		if err := st.loadCode(ctx, x, signature); err != nil {
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

func (st storage) loadCode(ctx context.Context, x *exchange, signature string) error {
	id, hash, err := st.locate(ctx, signature)
	if err != nil {
		return err
	}
	now := time.Now()
	login, err := st.s.store.LiveAuthorization(ctx, id, now)
	if (err == nil || errors.Is(err, store.ErrEnded)) && !bytes.Equal(login.Code.Hash, hash) {
		err = store.ErrNotFound
	}
	if err != nil && !errors.Is(err, store.ErrEnded) {
		return err
	}
	if stranger := x.take(&login); stranger != nil || err != nil { // whose code it is comes before what became of it
		return cmp.Or(stranger, err)
	}
	if !x.keyMatches(login.Code.DPoPKey) {
		return &strangerError{login, errOtherKey}
	}
	if login.Code.RedeemedAt.IsZero() && !now.Before(login.Code.ExpiresAt) {
		store.Keep(ctx)
		return errors.Join(store.ErrExpired, st.s.store.ForgetCode(ctx, id))
	}
	// A login belongs to the app that redeems its code, and to its key. The access token is made
	// before the code is marked, and has to say so too.
	login.Identity = x.caller.Identity
	x.bindKey(&login)
	code := login.Code
	x.code = &code
	return nil
}

func (st storage) codeRequest(x *exchange, given fosite.Session) *fosite.Request {
	request := st.request(x, given)
	request.RequestedScope, request.GrantedScope = x.authorization.Scopes, x.authorization.Scopes
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

func (st storage) InvalidateAuthorizeCodeSession(ctx context.Context, signature string) error {
	_, hash, err := st.locate(ctx, signature)
	if err != nil {
		return err
	}
	return exchangeFrom(ctx).authorization.Redeem(hash, time.Now())
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
