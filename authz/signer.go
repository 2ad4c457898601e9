package authz

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	fositejwt "github.com/ory/fosite/token/jwt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/jose"
)

// idTokenType is the JWT type of an ID token. OpenID Connect names none; JWT is
// the general one (RFC 7519 section 5.1).
const idTokenType = "JWT"

// signer drafts fosite's ID tokens, and reads those that were signed, by golang-jwt.
type signer struct{ keys *keyring }

var _ fositejwt.Signer = signer{}

// Generate keeps the claims: with a hash of the access token, which is not signed yet,
// they become an ID token.
func (s signer) Generate(ctx context.Context, claims fositejwt.MapClaims, _ fositejwt.Mapper) (string, string, error) {
	exchangeFrom(ctx).idToken = jwt.MapClaims(claims)
	return unsigned, unsigned, nil
}

func (s signer) Validate(ctx context.Context, token string) (string, error) {
	if _, err := s.Decode(ctx, token); err != nil {
		return "", err
	}
	return s.GetSignature(ctx, token)
}

func (s signer) Decode(_ context.Context, token string) (*fositejwt.Token, error) {
	parsed, err := jwt.Parse(token, s.keys.verificationKey(idTokenType), jwt.WithValidMethods(jose.Algorithms()))
	if err != nil {
		return nil, fmt.Errorf("id token: %w", err)
	}
	claims, ok := parsed.Claims.(jwt.MapClaims)
	if !ok {
		return nil, errors.New("id token: claims are not an object")
	}
	return &fositejwt.Token{Header: parsed.Header, Claims: fositejwt.MapClaims(claims)}, nil
}

func (s signer) Hash(_ context.Context, in []byte) ([]byte, error) {
	sum := sha256.Sum256(in)
	return sum[:], nil
}

func (s signer) GetSignature(_ context.Context, token string) (string, error) {
	if strings.Count(token, ".") != 2 {
		return "", errors.New("not a signed token")
	}
	return token[strings.LastIndexByte(token, '.')+1:], nil
}

func (s signer) GetSigningMethodLength(context.Context) int { return sha256.Size }
