package authz

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"

	"github.com/offlineauth/offlineauth/jose"
)

// A draft is a token that only lacks its signature. What a request may be refused for
// is known when it is there; signing takes as long as all the rest.
type draft struct {
	input string // what is to be signed (RFC 7515 section 5.1)
	by    *signatures
}

// unsigned stands for a token that is not signed yet, towards fosite.
const unsigned = "unsigned"

// signatureSize is that of both algorithms, in characters of base64url.
var signatureSize = base64.RawURLEncoding.EncodedLen(64)

// size is that of the signed token, in bytes.
func (d *draft) size() int { return len(d.input) + len(".") + signatureSize }

func (d *draft) sign() (string, error) {
	signature, err := d.by.method.Sign(d.input, d.by.signer)
	if err != nil {
		return "", err
	}
	return d.input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// sign completes an answer of the token endpoint.
func (s *Server) sign(x *exchange, answer *tokenResponse) (err error) {
	if answer.AccessToken, err = x.access.sign(); err != nil || x.idToken == nil {
		return err
	}
	x.idToken["at_hash"] = accessTokenHash(answer.AccessToken, x.access.by.method.Alg())
	id, err := s.keys.draft(x.idToken, idTokenType)
	if err != nil {
		return err
	}
	answer.IDToken, err = id.sign()
	return err
}

// accessTokenHash is `at_hash`: the left half of the hash that goes with the algorithm
// of the ID token (OpenID Connect Core section 3.1.3.6), SHA-512 for EdDSA.
func accessTokenHash(token, algorithm string) string {
	sum := sha256.Sum256([]byte(token))
	half := sum[:len(sum)/2]
	if algorithm == jose.EdDSA {
		sum := sha512.Sum512([]byte(token))
		half = sum[:len(sum)/2]
	}
	return base64.RawURLEncoding.EncodeToString(half)
}
