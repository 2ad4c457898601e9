package jose

import (
	"encoding/json"
	"fmt"
)

// Keys are the public keys of one signer.
type Keys []Key

// ParseKeys reads a JWK Set (RFC 7517 section 5). Keys of other kinds are left out.
func ParseKeys(encoded []byte) (Keys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(encoded, &set); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys := make(Keys, 0, len(set.Keys))
	for _, one := range set.Keys {
		var k Key
		if k.UnmarshalJSON(one) == nil {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// Find returns the key that a header names. A header without a name needs a set
// with one key (OpenID Connect Core section 10.1).
func (keys Keys) Find(h Header) (Key, error) {
	if h.KeyID == "" && len(keys) == 1 {
		return keys[0], nil
	}
	for _, k := range keys {
		if h.KeyID != "" && k.ID == h.KeyID {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("%w: no key %.60q", ErrUnknownKey, h.KeyID)
}
