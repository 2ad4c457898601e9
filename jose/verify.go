package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms (RFC 7518 section 3.4, RFC 8037 section 3.1).
const (
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// Algorithms returns both, the usual one first.
func Algorithms() []string { return []string{ES256, EdDSA} }

// maxToken bounds a token, in bytes.
const maxToken = 16 << 10

// ErrUnknownKey means that none of the keys is the one a token names: the signer
// may have another by now.
var ErrUnknownKey = errors.New("the token is signed with an unknown key")

// A Header is what of a token's header matters here (RFC 7515 section 4.1).
type Header struct {
	Type  string // in lower case and without "application/"; "" if there is none
	KeyID string
	Key   *Key // the public key that came with the token; nil if none
}

// Verify checks the signature of a token and decodes its claims into claims. The
// key is the one that choose returns for the header, whose algorithm alone is
// accepted; choose may refuse a type of token, too.
func Verify(encoded string, choose func(Header) (Key, error), claims any) error {
	if len(encoded) > maxToken {
		return fmt.Errorf("a token of more than %d bytes", maxToken)
	}
	payload := new(payload)
	parser := jwt.NewParser(jwt.WithValidMethods(Algorithms()), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(encoded, payload, func(t *jwt.Token) (any, error) {
		header, err := readHeader(t.Header)
		if err != nil {
			return nil, err
		}
		key, err := choose(header)
		if err != nil {
			return nil, err
		}
		if key.Algorithm() != t.Method.Alg() {
			return nil, fmt.Errorf("the key is for %q, the token is signed by %s", key.Algorithm(), t.Method.Alg())
		}
		return key.Public, nil
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(payload.encoded, claims)
}

func readHeader(fields map[string]any) (Header, error) {
	if _, critical := fields["crit"]; critical {
		return Header{}, errors.New("the token has critical extensions")
	}
	text := func(name string) string {
		value, _ := fields[name].(string)
		return value
	}
	header := Header{
		Type:  strings.TrimPrefix(strings.ToLower(text("typ")), "application/"), // RFC 7515 section 4.1.9
		KeyID: text("kid"),
	}
	if fields["jwk"] == nil {
		return header, nil
	}
	encoded, err := json.Marshal(fields["jwk"])
	if err != nil {
		return Header{}, err
	}
	header.Key = new(Key)
	return header, header.Key.UnmarshalJSON(encoded)
}

// payload keeps the claims as they came, for whoever wants them to decode.
type payload struct {
	jwt.MapClaims // nil: nothing of it is validated
	encoded       []byte
}

func (p *payload) UnmarshalJSON(encoded []byte) error {
	p.encoded = append([]byte(nil), encoded...)
	return nil
}
