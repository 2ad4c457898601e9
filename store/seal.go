package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// keySize is the length of every key here, in bytes.
const keySize = 32

// sealedHead is what leads a sealed value: the number of its data key.
const sealedHead = 4

// A dataKey is what the keys of the classes of records are derived from.
type dataKey struct {
	Number uint32
	Key    []byte
}

// A keyring seals the records of a store before they are written: by
// AES-256-GCM with random nonces, with a key for each class of records, which
// is derived from a data key by HKDF-SHA-256 (RFC 5869) with the class as info.
// The key of the record is authenticated with it, so that no record can be put
// in another's place.
type keyring struct {
	keys    []dataKey // newest first: it seals, the others open what is not sealed anew yet
	classes sync.Map  // of class{} to cipher.AEAD, or to the []byte of a key for blinding
}

type class struct {
	number uint32
	name   string
}

func newKeyring(keys []dataKey) *keyring { return &keyring{keys: keys} }

func (r *keyring) seal(bucket string, key, plain []byte) []byte {
	newest := r.keys[0]
	aead := r.aead(newest, bucket)
	head := binary.BigEndian.AppendUint32(make([]byte, 0, sealedHead+len(plain)+aead.Overhead()), newest.Number)
	return aead.Seal(head, nil, plain, key)
}

// open returns ErrSealed for what seal did not make under one of the keys.
func (r *keyring) open(bucket string, key, sealed []byte) ([]byte, error) {
	if len(sealed) < sealedHead {
		return nil, ErrSealed
	}
	number := binary.BigEndian.Uint32(sealed)
	i := slices.IndexFunc(r.keys, func(k dataKey) bool { return k.Number == number })
	if i < 0 {
		return nil, ErrSealed
	}
	plain, err := r.aead(r.keys[i], bucket).Open(nil, nil, sealed[sealedHead:], key)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// current tells whether a sealed value is under the newest key.
func (r *keyring) current(sealed []byte) bool {
	return len(sealed) >= sealedHead && binary.BigEndian.Uint32(sealed) == r.keys[0].Number
}

// blind returns what stands for a value in an index of sealed records, so that
// the index does not tell it: by the newest key first, then by those before.
func (r *keyring) blind(bucket string, value []byte) [][]byte {
	all := make([][]byte, len(r.keys))
	for i, k := range r.keys {
		mac := hmac.New(sha256.New, r.blinding(k, bucket))
		mac.Write(value)
		all[i] = mac.Sum(nil)
	}
	return all
}

func (r *keyring) aead(k dataKey, bucket string) cipher.AEAD {
	c := class{k.Number, "seal " + bucket}
	if a, ok := r.classes.Load(c); ok {
		return a.(cipher.AEAD)
	}
	a := newCipher(k.derive(c.name))
	r.classes.Store(c, a)
	return a
}

func (r *keyring) blinding(k dataKey, bucket string) []byte {
	c := class{k.Number, "blind " + bucket}
	if key, ok := r.classes.Load(c); ok {
		return key.([]byte)
	}
	key := k.derive(c.name)
	r.classes.Store(c, key)
	return key
}

func (k dataKey) derive(info string) []byte {
	return derive(k.Key, "offlineauth store 2 "+info)
}

// derive returns a key for one purpose, of a key for many.
func derive(key []byte, info string) []byte {
	derived, err := hkdf.Key(sha256.New, key, nil, info, keySize)
	if err != nil {
		panic(err) // the size is one that HKDF can give
	}
	return derived
}

// newCipher is AES-256-GCM with random nonces, which Seal puts in front.
func newCipher(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys are made and read with their one size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	return aead
}
