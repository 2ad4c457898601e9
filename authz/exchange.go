package authz

import (
	"context"
	"errors"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

// An exchange is what one request has established so far. It travels in the
// context because that is all fosite hands from its handlers to its storage.
type exchange struct {
	client    store.Client
	caller    ipcapi.Caller
	provenKey string // thumbprint of the DPoP key of the request; "" for none

	redirectURI   string               // requested and matched, before the decision
	code          *store.Code          // the code being redeemed, as it was
	authorization *store.Authorization // the login beneath which tokens are issued
	predecessor   []byte               // hash of the refresh token being rotated
	resources     []string             // those a token request narrows its token to; nil for all
	revoking      bool                 // a token is shown in order to end its login

	access  *draft        // the access token, to be signed
	idToken jwt.MapClaims // those of the ID token, but for the hash of the access token; nil for none

	// cause is why the storage refused. fosite turns it into a wire error and
	// drops it; the log wants it.
	cause error
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// exchangeFrom panics without an exchange: every path into fosite sets one.
func exchangeFrom(ctx context.Context) *exchange {
	return ctx.Value(exchangeKey{}).(*exchange)
}

// take makes the login that of the exchange, unless it is another's.
func (x *exchange) take(login *store.Authorization) error {
	switch {
	case login.ClientID != x.client.ID, login.Identity != "" && login.Identity != x.caller.Identity:
		return &strangerError{*login, errNotYours}
	case !x.revoking && !x.keyMatches(login.DPoPKey):
		return &strangerError{*login, errOtherKey}
	}
	x.authorization = login
	return nil
}

// refuse records cause for the log and returns err for fosite, which may go on to
// look for another kind of token; that it is a stranger's is what matters then.
func (x *exchange) refuse(err, cause error) error {
	if !errors.As(x.cause, new(*strangerError)) {
		x.cause = cause
	}
	return err
}
