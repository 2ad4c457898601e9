package jose

import (
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"math/big"
)

// Sign makes a token with these claims. Its header has typ and, if it is to carry
// its key (RFC 7515 section 4.1.3), jwk; otherwise the key is the reader's to know.
// The signer may be one in hardware.
func Sign(signer crypto.Signer, typ string, withKey bool, claims any) (string, error) {
	key := Key{Public: signer.Public()}
	header := struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		Key       *Key   `json:"jwk,omitempty"`
	}{Algorithm: key.Algorithm(), Type: typ}
	if withKey {
		header.Key = &key
	}
	input, err := Input(header, claims)
	if err != nil {
		return "", err
	}
	signature, err := sign(signer, key.Algorithm(), []byte(input))
	return input + "." + encode(signature), err
}

// Input is what the signature of a token is made of: its header and its claims, encoded,
// with a dot between them (RFC 7515 section 5.1).
func Input(header, claims any) (string, error) {
	head, errHead := json.Marshal(header)
	body, errBody := json.Marshal(claims)
	return encode(head) + "." + encode(body), errors.Join(errHead, errBody)
}

func sign(signer crypto.Signer, algorithm string, message []byte) ([]byte, error) {
	switch algorithm {
	case EdDSA:
		return signer.Sign(rand.Reader, message, crypto.Hash(0))
	case ES256:
		digest := crypto.SHA256.New()
		digest.Write(message)
		encoded, err := signer.Sign(rand.Reader, digest.Sum(nil), crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return fixed(encoded)
	}
	return nil, errKey
}

// fixed rewrites a signature as the two numbers of 32 bytes that RFC 7518 section
// 3.4 wants.
func fixed(der []byte) ([]byte, error) {
	var numbers struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &numbers); err != nil || len(rest) > 0 {
		return nil, errors.New("the signer's signature is not one of ECDSA")
	}
	if numbers.R.BitLen() > 256 || numbers.S.BitLen() > 256 {
		return nil, errors.New("the signer's signature is not one of P-256")
	}
	var out [64]byte
	numbers.R.FillBytes(out[:32])
	numbers.S.FillBytes(out[32:])
	return out[:], nil
}
