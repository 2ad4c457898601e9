package client

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/jose"
)

const clockSkew = 2 * time.Minute // between the issuer's clock and ours

// idClaims are those of an ID token that are checked (OpenID Connect Core section 2).
type idClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   audience `json:"aud"`
	Authorized string   `json:"azp"`
	Expiry     float64  `json:"exp"` // seconds since 1970
	Nonce      string   `json:"nonce"`
	AuthTime   float64  `json:"auth_time"`
	TokenHash  string   `json:"at_hash"`

	algorithm string // by which the token is signed
}

// audience is a string or an array of strings (RFC 7519 section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(encoded []byte) error {
	var one string
	if json.Unmarshal(encoded, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(encoded, (*[]string)(a))
}

// verifyIDToken checks the signature and returns the claims, still to be checked.
func verifyIDToken(encoded string, keys jose.Keys) (*idClaims, error) {
	claims := new(idClaims)
	err := jose.Verify(encoded, func(h jose.Header) (jose.Key, error) {
		if h.Type != "" && h.Type != "jwt" {
			return jose.Key{}, fmt.Errorf("it is a token of type %.20q", h.Type)
		}
		key, err := keys.Find(h)
		claims.algorithm = key.Algorithm()
		return key, err
	}, claims)
	return claims, err
}

// check holds the claims against the request (OpenID Connect Core section 3.1.3.7).
func (c *idClaims) check(issuer, clientID, nonce, accessToken string, now time.Time) error {
	expires := time.Unix(int64(min(c.Expiry, 1<<40)), 0)
	switch {
	case c.Issuer != issuer:
		return fmt.Errorf("iss is %.100q", c.Issuer)
	case !slices.Contains(c.Audience, clientID):
		return fmt.Errorf("aud is %.100q", c.Audience)
	case len(c.Audience) > 1 && c.Authorized == "", c.Authorized != "" && c.Authorized != clientID:
		return fmt.Errorf("azp is %.100q", c.Authorized)
	case c.Subject == "":
		return errors.New("sub is missing")
	case c.Expiry <= 0 || now.After(expires.Add(clockSkew)):
		return fmt.Errorf("exp passed at %v", expires)
	case subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1:
		return errors.New("nonce is not that of the request")
	case c.TokenHash != "" && c.TokenHash != tokenHash(c.algorithm, accessToken):
		return errors.New("at_hash is not that of the access token")
	}
	return nil
}

// tokenHash is the left half of the hash that the algorithm uses (OpenID Connect Core
// section 3.1.3.6): SHA-256, or SHA-512 for EdDSA on Ed25519 (RFC 8032 section 5.1).
func tokenHash(algorithm, accessToken string) string {
	if algorithm == jose.EdDSA {
		sum := sha512.Sum512([]byte(accessToken))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
