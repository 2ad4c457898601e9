package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// keyTimeout bounds a call to a [KeyProvider]. It is long, because a person may
// have to unlock it.
const keyTimeout = time.Minute

// keysMark is the key in the meta bucket of the wrapped data keys.
const keysMark = "keys"

// A KeyProvider keeps the key that the data keys of a store are sealed under,
// where other apps cannot read it: in a file of its owner's, in the Secret
// Service of a desktop, in the Keystore of Android. The key itself need not
// leave the provider.
//
// One that can replace its key is a [Renewer] too.
type KeyProvider interface {
	// Wrap encrypts up to 4 KiB, and authenticates them. It makes the key if
	// there is none, so it is only called for a store that has nothing sealed
	// yet, or was opened.
	Wrap(ctx context.Context, plain []byte) ([]byte, error)
	// Unwrap returns what Wrap was given. The error is an [ErrSealed] if the
	// key is lost or another, or the bytes were altered; any other means that
	// the provider cannot be reached now.
	Unwrap(ctx context.Context, wrapped []byte) ([]byte, error)
}

// A Renewer is a KeyProvider that can replace its key: see [Store.Rekey].
type Renewer interface {
	KeyProvider
	// Renew makes a new key, which wraps from now on. Those before it unwrap
	// until Retire.
	Renew(ctx context.Context) error
	// Retire destroys all keys but the newest.
	Retire(ctx context.Context) error
}

// wrap returns the ring as it is written.
func (r *keyring) wrap(ctx context.Context, p KeyProvider) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, keyTimeout)
	defer cancel()
	plain, err := json.Marshal(r.keys)
	if err != nil {
		return nil, err
	}
	wrapped, err := p.Wrap(ctx, plain)
	if err != nil {
		return nil, fmt.Errorf("store: wrap the data key: %w", err)
	}
	return wrapped, nil
}

func unwrapRing(ctx context.Context, p KeyProvider, wrapped []byte) (*keyring, error) {
	ctx, cancel := context.WithTimeout(ctx, keyTimeout)
	defer cancel()
	plain, err := p.Unwrap(ctx, wrapped)
	if err != nil {
		return nil, fmt.Errorf("store: the data key: %w", err)
	}
	var keys []dataKey
	if err := json.Unmarshal(plain, &keys); err != nil || !validRing(keys) {
		return nil, fmt.Errorf("store: the data keys: %w", ErrCorrupt)
	}
	return newKeyring(keys), nil
}

func validRing(keys []dataKey) bool {
	for _, k := range keys {
		if len(k.Key) != keySize {
			return false
		}
	}
	return len(keys) > 0
}

func newDataKey(number uint32) dataKey {
	key := make([]byte, keySize)
	rand.Read(key)
	return dataKey{Number: number, Key: key}
}
