package authz

import (
	"context"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
)

// storage is the store as fosite wants to see it. What fosite calls a request
// ID is the ID of our authorization; what it calls a signature is the hash of a
// token, or for access tokens, which leave no record, the authorization's ID.
//
// Every lookup checks the client and the caller of the exchange before it says
// anything about the record, so that a stranger's reuse of a token ends nobody's
// authorization.
type storage struct{ s *Server }

var (
	_ fosite.Storage                     = storage{}
	_ oauth2.CoreStorage                 = storage{}
	_ oauth2.TokenRevocationStorage      = storage{}
	_ pkce.PKCERequestStorage            = storage{}
	_ openid.OpenIDConnectRequestStorage = storage{}
)

func (st storage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	x := exchangeFrom(ctx)
	if id != x.client.ID {
		return nil, fosite.ErrNotFound
	}
	return fositeClient{Client: x.client, redirectURI: x.redirectURI}, nil
}

// ClientAssertionJWTValid and SetClientAssertionJWT serve private_key_jwt,
// which no client here can be registered for.
func (storage) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrNotFound }
func (storage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrNotFound
}

// request shows the authorization of the exchange to fosite.
func (st storage) request(x *exchange, given fosite.Session) *fosite.Request {
	sess, ok := given.(*session)
	if !ok {
		sess = newSession() // revocation brings none
	}
	sess.hydrate(*x.authorization)
	request := fosite.NewRequest()
	request.ID = x.authorization.ID
	request.Client = fositeClient{Client: x.client}
	request.Session = sess
	return request
}

func (st storage) loadAuthorization(ctx context.Context, x *exchange, id string) error {
	login, err := st.s.store.LiveAuthorization(ctx, id, time.Now())
	if err != nil {
		return err
	}
	return x.take(&login)
}
