package storetest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/offlineauth/offlineauth/store"
)

// Keys is a [store.Renewer] that keeps its keys in memory. The zero value has
// none and is ready. Those of [Open] and [Run] are always the same.
type Keys struct {
	mu     sync.Mutex
	newest []cipher.AEAD // newest first
}

var _ store.Renewer = (*Keys)(nil)

// fixedKeys returns Keys that begin with the same key each time.
func fixedKeys(b byte) *Keys {
	k := new(Keys)
	k.add(hash(b))
	return k
}

func (k *Keys) add(key []byte) {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	k.newest = append([]cipher.AEAD{aead}, k.newest...)
}

// Wrap implements [store.KeyProvider].
func (k *Keys) Wrap(_ context.Context, plain []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.newest) == 0 {
		k.add([]byte(rand.Text() + rand.Text())[:32])
	}
	return k.newest[0].Seal(nil, nil, plain, nil), nil
}

// Unwrap implements [store.KeyProvider].
func (k *Keys) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, aead := range k.newest {
		if plain, err := aead.Open(nil, nil, wrapped, nil); err == nil {
			return plain, nil
		}
	}
	return nil, store.ErrSealed
}

// Renew implements [store.Renewer].
func (k *Keys) Renew(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add([]byte(rand.Text() + rand.Text())[:32])
	return nil
}

// Retire implements [store.Renewer].
func (k *Keys) Retire(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.newest = k.newest[:1]
	return nil
}

// clone returns Keys that have what k has now.
func (k *Keys) clone() *Keys {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &Keys{newest: slices.Clone(k.newest)}
}
