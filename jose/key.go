package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A Key is a public key that verifies signatures. The zero value is none.
type Key struct {
	ID     string           // kid; may be empty
	Public crypto.PublicKey // an *ecdsa.PublicKey on P-256 or an ed25519.PublicKey
}

// jwk is a key as JSON (RFC 7518 section 6.2, RFC 8037 section 2).
type jwk struct {
	Type      string          `json:"kty"`
	Curve     string          `json:"crv"`
	X         string          `json:"x"`
	Y         string          `json:"y,omitempty"`
	Use       string          `json:"use,omitempty"`
	Algorithm string          `json:"alg,omitempty"`
	ID        string          `json:"kid,omitempty"`
	Private   json.RawMessage `json:"d,omitempty"`
}

// errKey means that a key is none that this package verifies with.
var errKey = errors.New("the key is not a public one for ES256 or EdDSA")

// Algorithm is the one the key is for; "" for a key of another kind.
func (k Key) Algorithm() string {
	switch public := k.Public.(type) {
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return ES256
		}
	case ed25519.PublicKey:
		return EdDSA
	}
	return ""
}

// Thumbprint is the SHA-256 of the key in base64url (RFC 7638 section 3), 43
// characters. The same key has the same one everywhere.
func (k Key) Thumbprint() string {
	wire, err := k.wire()
	if err != nil {
		return ""
	}
	members := map[string]string{"crv": wire.Curve, "kty": wire.Type, "x": wire.X} // Marshal sorts them
	if wire.Y != "" {
		members["y"] = wire.Y
	}
	canonical, err := json.Marshal(members)
	if err != nil {
		panic(err) // a map of strings can be marshalled
	}
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// MarshalJSON writes the key as a JWK. A key with an ID is one to publish, and says
// what it is for.
func (k Key) MarshalJSON() ([]byte, error) {
	wire, err := k.wire()
	if err != nil {
		return nil, err
	}
	if k.ID != "" {
		wire.ID, wire.Use, wire.Algorithm = k.ID, "sig", k.Algorithm()
	}
	return json.Marshal(wire)
}

func (k Key) wire() (jwk, error) {
	switch k.Algorithm() {
	case ES256:
		point, err := k.Public.(*ecdsa.PublicKey).Bytes() // 0x04 || X || Y
		if err != nil {
			return jwk{}, err
		}
		return jwk{Type: "EC", Curve: "P-256", X: encode(point[1:33]), Y: encode(point[33:])}, nil
	case EdDSA:
		return jwk{Type: "OKP", Curve: "Ed25519", X: encode(k.Public.(ed25519.PublicKey))}, nil
	}
	return jwk{}, errKey
}

// UnmarshalJSON reads a JWK. One with a private part is refused (RFC 9449 section
// 4.3): who shows it has lost it.
func (k *Key) UnmarshalJSON(encoded []byte) error {
	var wire jwk
	if err := json.Unmarshal(encoded, &wire); err != nil {
		return err
	}
	x, errX := base64.RawURLEncoding.Strict().DecodeString(wire.X)
	y, errY := base64.RawURLEncoding.Strict().DecodeString(wire.Y)
	if err := errors.Join(errX, errY); err != nil {
		return fmt.Errorf("key %.60q: %w", wire.ID, err)
	}
	read := Key{ID: wire.ID}
	switch {
	case wire.Private != nil, wire.Use != "" && wire.Use != "sig", len(x) != 32:
		return errKey
	case wire.Type == "EC" && wire.Curve == "P-256" && len(y) == 32:
		point, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return fmt.Errorf("key %.60q: %w", wire.ID, err)
		}
		read.Public = point
	case wire.Type == "OKP" && wire.Curve == "Ed25519" && len(y) == 0:
		read.Public = ed25519.PublicKey(x)
	default:
		return errKey
	}
	if wire.Algorithm != "" && wire.Algorithm != read.Algorithm() {
		return errKey
	}
	*k = read
	return nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
