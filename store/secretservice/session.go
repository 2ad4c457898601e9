package secretservice

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
)

// algorithm is how secrets are encrypted on the bus (Secret Service API, «Transfer of
// Secrets»): Diffie-Hellman in a group of 1024 bits, HKDF with SHA-256, AES-128 in CBC
// mode. It keeps secrets from logs and tools that watch the bus. There is no defence in
// it against who takes the service's place.
const algorithm = "dh-ietf1024-sha256-aes128-cbc-pkcs7"

const (
	groupSize  = 128 // bytes of a number of the group
	sessionKey = 16  // bytes
)

// prime and generator are the Second Oakley Group (RFC 2409 section 6.2).
var (
	prime, _ = new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1"+
		"29024E088A67CC74020BBEA63B139B22514A08798E3404DD"+
		"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245"+
		"E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381"+
		"FFFFFFFFFFFFFFFF", 16)
	generator = big.NewInt(2)
)

var (
	errGroup  = errors.New("the number of the other side is not one of the group")
	errSecret = errors.New("the secret cannot be decrypted")
)

// An agreement is one side of the key exchange.
type agreement struct{ private *big.Int }

func newAgreement() agreement {
	b := make([]byte, groupSize)
	rand.Read(b)
	return agreement{new(big.Int).SetBytes(b)}
}

// public is what the other side is to know.
func (a agreement) public() []byte {
	return new(big.Int).Exp(generator, a.private, prime).FillBytes(make([]byte, groupSize))
}

// key returns the key of the session, of the other side's public number.
func (a agreement) key(public []byte) ([]byte, error) {
	other := new(big.Int).SetBytes(public)
	last := new(big.Int).Sub(prime, big.NewInt(1))
	if len(public) > groupSize || other.Cmp(big.NewInt(1)) <= 0 || other.Cmp(last) >= 0 {
		return nil, errGroup
	}
	shared := new(big.Int).Exp(other, a.private, prime).FillBytes(make([]byte, groupSize))
	return hkdf.Key(sha256.New, shared, nil, "", sessionKey)
}

// encrypt returns the initialization vector and what is encrypted.
func encrypt(key, plain []byte) (iv, encrypted []byte) {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys have their one size
	}
	iv = make([]byte, aes.BlockSize)
	rand.Read(iv)
	n := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return iv, padded
}

// decrypt is the reverse of encrypt. There is no authentication in this mode: what the
// secret is good for has to show whether it is the right one.
func decrypt(key, iv, encrypted []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(iv) != aes.BlockSize || len(encrypted) == 0 || len(encrypted)%aes.BlockSize != 0 {
		return nil, errSecret
	}
	plain := make([]byte, len(encrypted))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, encrypted)
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize || !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errSecret
	}
	return plain[:len(plain)-n], nil
}
