package authz

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
)

// Codes and refresh tokens are the ID of their login, a dot, and 256 random bits: so
// the store finds the one record of the login, in which it has no more of the token than
// the SHA-256 of all of it. As random as they are, they need no secret to be checked with.

func randomToken() string { return random(32) }

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// tokenOf returns a token of the login.
func tokenOf(login, secret string) string { return login + "." + secret }

// signature is what fosite hands to the storage for a token: the login that it names,
// a dot, and its hash. Tokens from before they named it have nothing before the dot.
func signature(token string) string {
	login, _, named := strings.Cut(token, ".")
	if !named {
		login = ""
	}
	return tokenOf(login, string(tokenHash(token)))
}

// locate returns the login of a token and the token's hash, from its signature.
func (st storage) locate(ctx context.Context, signature string) (login string, hash []byte, err error) {
	login, rest, _ := strings.Cut(signature, ".")
	hash = []byte(rest)
	if login == "" {
		login, err = st.s.store.AuthorizationOf(ctx, hash)
	}
	return login, hash, err
}

// codeStrategy makes authorization codes. Their validity is the storage's to
// judge, where the record is.
type codeStrategy struct{}

func (codeStrategy) AuthorizeCodeSignature(_ context.Context, code string) string {
	return signature(code)
}

func (codeStrategy) GenerateAuthorizeCode(_ context.Context, requester fosite.Requester) (string, string, error) {
	code := tokenOf(requester.GetID(), randomToken())
	return code, signature(code), nil
}

func (codeStrategy) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error {
	return nil
}

// refreshTokenStrategy makes refresh tokens: a random one for a login, and the
// successor of each derived from it. A client whose answer was lost, or twenty
// that ask at once, therefore get the same successor, and nobody has to keep
// tokens in the clear to give it to them twice.
type refreshTokenStrategy struct{ keys *keyring }

func (refreshTokenStrategy) RefreshTokenSignature(_ context.Context, token string) string {
	return signature(token)
}

func (r refreshTokenStrategy) GenerateRefreshToken(ctx context.Context, requester fosite.Requester) (string, string, error) {
	x := exchangeFrom(ctx)
	secret := randomToken()
	if x.predecessor != nil {
		secret = r.successor(requester.GetRequestForm().Get("refresh_token"))
	}
	token := tokenOf(x.authorization.ID, secret)
	if x.authorization.Refresh.InForce(tokenHash(secret)) { // issued before tokens named their login, and asked for again
		token = secret
	}
	return token, signature(token), nil
}

func (r refreshTokenStrategy) successor(token string) string {
	mac := hmac.New(sha256.New, r.keys.refresh)
	mac.Write([]byte(token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (refreshTokenStrategy) ValidateRefreshToken(context.Context, fosite.Requester, string) error {
	return nil
}

// refreshRetryWindow is how long a refresh whose answer was lost may be repeated by
// a caller that has shown nothing but the token.
const refreshRetryWindow = 60 * time.Second

// mayRetry reports whether a refresh token that was rotated may be presented
// again: while its successor has not been used, by the attested caller or the DPoP
// key it is bound to, or by anyone for a minute.
func mayRetry(login *store.Authorization, hash []byte, now time.Time) bool {
	if !login.Refresh.MayRepeat(hash) {
		return false
	}
	since := now.Sub(login.Refresh.IssuedAt)
	return isBound(login) || since >= 0 && since <= refreshRetryWindow
}

// isBound reports whether the refresh tokens of a login are good for its app or its
// key alone, which the request has shown to be or to have.
func isBound(login *store.Authorization) bool { return login.Identity != "" || login.DPoPKey != "" }
