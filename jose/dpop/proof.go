package dpop

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/offlineauth/offlineauth/jose"
)

// Header fields (RFC 9449 sections 4.1 and 8.1).
const (
	Field      = "DPoP"
	NonceField = "DPoP-Nonce"
)

// proofType is the JWT type of a proof (RFC 9449 section 4.2).
const proofType = "dpop+jwt"

// maxProof bounds a proof, in bytes.
const maxProof = 4 << 10

// A Proof is a proof whose signature is that of the key in it (RFC 9449 section 4.2).
type Proof struct {
	Thumbprint string // of its key (RFC 7638), as in the confirmation jkt
	ID         string // jti
	Method     string // htm
	URL        string // htu
	IssuedAt   time.Time
	TokenHash  string // ath; "" without an access token
	Nonce      string // "" if there is none
}

type claims struct {
	ID        string `json:"jti"`
	Method    string `json:"htm"`
	URL       string `json:"htu"`
	IssuedAt  *int64 `json:"iat"`
	TokenHash string `json:"ath,omitempty"`
	Nonce     string `json:"nonce,omitempty"`
}

// Parse reads a proof and checks what can be told from it alone (RFC 9449 section
// 4.3, items 2 to 7). The error is an [ErrProof].
func Parse(encoded string) (Proof, error) {
	if len(encoded) > maxProof {
		return Proof{}, fmt.Errorf("%w: more than %d bytes", ErrProof, maxProof)
	}
	var (
		c   claims
		key jose.Key
	)
	err := jose.Verify(encoded, func(h jose.Header) (jose.Key, error) {
		switch {
		case h.Type != proofType:
			return key, fmt.Errorf("a token of type %.20q", h.Type)
		case h.Key == nil:
			return key, errors.New("no key in its header")
		}
		key = *h.Key
		return key, nil
	}, &c)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if c.ID == "" || c.Method == "" || c.URL == "" || c.IssuedAt == nil {
		return Proof{}, fmt.Errorf("%w: one of jti, htm, htu and iat is missing", ErrProof)
	}
	return Proof{
		Thumbprint: key.Thumbprint(),
		ID:         c.ID,
		Method:     c.Method,
		URL:        c.URL,
		IssuedAt:   time.Unix(*c.IssuedAt, 0),
		TokenHash:  c.TokenHash,
		Nonce:      c.Nonce,
	}, nil
}

// New makes a proof with key for one request: its method, its URL, the nonce that
// the server gave last, and the access token that goes with it; "" for none.
func New(key crypto.Signer, method, url, nonce, token string) (string, error) {
	now := time.Now().Unix()
	return jose.Sign(key, proofType, true, claims{
		ID:        rand.Text(),
		Method:    method,
		URL:       trimmed(url),
		IssuedAt:  &now,
		TokenHash: tokenHash(token),
		Nonce:     nonce,
	})
}

// tokenHash is ath (RFC 9449 section 4.2), "" for no token.
func tokenHash(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
