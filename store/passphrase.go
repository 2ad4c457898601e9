package store

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

const (
	passphraseSalt = 16
	// passphraseRounds is what OWASP asks for PBKDF2 with HMAC-SHA-256: about a
	// tenth of a second.
	passphraseRounds = 600_000
	maxRounds        = 10_000_000 // that a wrapped key may ask for
)

// Passphrase is a [KeyProvider] whose key is derived from what a person knows,
// by PBKDF2 (RFC 8018) with HMAC-SHA-256. It is for backups that are to be
// restored elsewhere.
type Passphrase string

var _ KeyProvider = Passphrase("")

// Wrap implements [KeyProvider].
func (p Passphrase) Wrap(_ context.Context, plain []byte) ([]byte, error) {
	if p == "" {
		return nil, errors.New("the passphrase is empty")
	}
	head := binary.BigEndian.AppendUint32(nil, passphraseRounds)
	salt := make([]byte, passphraseSalt)
	rand.Read(salt)
	key, err := pbkdf2.Key(sha256.New, string(p), salt, passphraseRounds, keySize)
	if err != nil {
		return nil, err
	}
	return newCipher(key).Seal(append(head, salt...), nil, plain, nil), nil
}

// Unwrap implements [KeyProvider].
func (p Passphrase) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	if len(wrapped) < 4+passphraseSalt {
		return nil, ErrSealed
	}
	rounds := binary.BigEndian.Uint32(wrapped)
	if rounds == 0 || rounds > maxRounds {
		return nil, ErrSealed
	}
	salt, sealed := wrapped[4:4+passphraseSalt], wrapped[4+passphraseSalt:]
	key, err := pbkdf2.Key(sha256.New, string(p), salt, int(rounds), keySize)
	if err != nil {
		return nil, err
	}
	plain, err := newCipher(key).Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
