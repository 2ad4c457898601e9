package statement

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrSignature means that a signed statement's signature does not stand.
var ErrSignature = errors.New("the signature of the statement is not good")

// CheckSignature checks the JSON Web Signature that is attached to s as its
// signature (Data 2.6): RS256, RS384 or RS512 over a payload that says the same as
// s. It is verified by the certificate it carries; without one, nobody here has
// the key, and that is for the reader to do.
func (s *Statement) CheckSignature(jws []byte) error {
	parts := strings.Split(string(jws), ".")
	if len(parts) != 3 {
		return fmt.Errorf("%w: it is not a JSON Web Signature", ErrSignature)
	}
	header, payload, signature, err := decodeJWS(parts)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	hash, ok := signatureHashes[header.Algorithm]
	if !ok {
		return fmt.Errorf("%w: the algorithm %.20q is not RS256, RS384 or RS512", ErrSignature, header.Algorithm)
	}
	signed, err := Parse(payload, s.version)
	if err != nil {
		return fmt.Errorf("%w: what it signs is no statement: %w", ErrSignature, err)
	}
	if !Equivalent(signed, s) {
		return fmt.Errorf("%w: it signs another statement", ErrSignature)
	}
	if len(header.Certificates) == 0 {
		return nil
	}
	return header.verify(hash, parts[0]+"."+parts[1], signature)
}

type signatureHeader struct {
	Algorithm    string   `json:"alg"`
	Certificates [][]byte `json:"x5c"` // the signer's first; in standard base64 (RFC 7515 section 4.1.6)
}

var signatureHashes = map[string]crypto.Hash{"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512}

func decodeJWS(parts []string) (header signatureHeader, payload, signature []byte, err error) {
	var decoded [3][]byte
	for i, part := range parts {
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return header, nil, nil, err
		}
	}
	err = json.Unmarshal(decoded[0], &header)
	return header, decoded[1], decoded[2], err
}

func (h signatureHeader) verify(hash crypto.Hash, signed string, signature []byte) error {
	certificate, err := x509.ParseCertificate(h.Certificates[0])
	if err != nil {
		return fmt.Errorf("%w: its certificate: %w", ErrSignature, err)
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: its certificate is not for RSA", ErrSignature)
	}
	if err := rsa.VerifyPKCS1v15(key, hash, digest(hash, signed), signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

func digest(hash crypto.Hash, text string) []byte {
	switch hash {
	case crypto.SHA384:
		sum := sha512.Sum384([]byte(text))
		return sum[:]
	case crypto.SHA512:
		sum := sha512.Sum512([]byte(text))
		return sum[:]
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
