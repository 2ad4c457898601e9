package authz

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
)

// Codes and refresh tokens are 256 random bits. The store knows only their
// SHA-256, which is also what fosite calls their signature: as random as they
// are, they need no secret to be checked with.

func randomToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// codeStrategy makes authorization codes. Their validity is the storage's to
// judge, where the record is.
type codeStrategy struct{}

func (codeStrategy) AuthorizeCodeSignature(_ context.Context, code string) string {
	return string(tokenHash(code))
}

func (c codeStrategy) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (string, string, error) {
	code := randomToken()
	return code, c.AuthorizeCodeSignature(ctx, code), nil
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
	return string(tokenHash(token))
}

func (r refreshTokenStrategy) GenerateRefreshToken(ctx context.Context, requester fosite.Requester) (string, string, error) {
	token := randomToken()
	if exchangeFrom(ctx).predecessor != nil {
		token = r.successor(requester.GetRequestForm().Get("refresh_token"))
	}
	return token, r.RefreshTokenSignature(ctx, token), nil
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
func mayRetry(used, successor store.RefreshToken, bound bool, now time.Time) bool {
	if !successor.RotatedAt.IsZero() {
		return false
	}
	since := now.Sub(used.RotatedAt)
	return bound || since >= 0 && since <= refreshRetryWindow
}
