package secretservice

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

func TestAgreement(t *testing.T) {
	for range 20 {
		a, b := newAgreement(), newAgreement()
		ours, err := a.key(b.public())
		theirs, other := b.key(a.public())
		if err := errors.Join(err, other); err != nil || len(ours) != sessionKey || !bytes.Equal(ours, theirs) {
			t.Fatalf("%x and %x, %v", ours, theirs, err)
		}
		if len(a.public()) != groupSize {
			t.Fatalf("a public number of %d bytes", len(a.public()))
		}
	}
}

// TestAgreementShortNumbers: numbers that begin with zeros are of the group's length
// before a key is made of them, or the two sides would at times not agree.
func TestAgreementShortNumbers(t *testing.T) {
	for exponent := range int64(20) {
		a, b := agreement{big.NewInt(exponent + 2)}, agreement{big.NewInt(3)}
		ours, err := a.key(b.public())
		theirs, other := b.key(bytes.TrimLeft(a.public(), "\x00")) // as some services send them
		if err := errors.Join(err, other); err != nil || !bytes.Equal(ours, theirs) {
			t.Fatalf("%x and %x, %v", ours, theirs, err)
		}
	}
}

func TestAgreementRefuses(t *testing.T) {
	last := new(big.Int).Sub(prime, big.NewInt(1))
	for name, public := range map[string][]byte{
		"nothing":  nil,
		"zero":     make([]byte, groupSize),
		"one":      {1},
		"minus 1":  last.Bytes(),
		"p":        prime.Bytes(),
		"too long": bytes.Repeat([]byte{1}, groupSize+1),
	} {
		if key, err := newAgreement().key(public); !errors.Is(err, errGroup) {
			t.Errorf("%s: %x, %v", name, key, err)
		}
	}
}

func TestEncrypt(t *testing.T) {
	key := bytes.Repeat([]byte{7}, sessionKey)
	for n := range 50 {
		plain := bytes.Repeat([]byte{9}, n)
		iv, encrypted := encrypt(key, plain)
		if got, err := decrypt(key, iv, encrypted); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes became %x, %v", n, got, err)
		}
		if n >= 8 && bytes.Contains(encrypted, plain) {
			t.Fatal("it is not encrypted")
		}
	}
}

// FuzzDecrypt: what a service sends is decrypted, or refused.
func FuzzDecrypt(f *testing.F) {
	key := bytes.Repeat([]byte{7}, sessionKey)
	iv, encrypted := encrypt(key, []byte("secret"))
	f.Add(iv, encrypted)
	f.Add(iv[:15], encrypted)
	f.Add(iv, encrypted[:15])
	f.Add([]byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, iv, encrypted []byte) {
		plain, err := decrypt(key, iv, encrypted)
		if err == nil && len(plain) >= len(encrypted) {
			t.Fatalf("%d bytes of %d", len(plain), len(encrypted))
		}
	})
}

// FuzzWrapped: what the store has kept is taken apart, or refused.
func FuzzWrapped(f *testing.F) {
	id, key := bytes.Repeat([]byte{1}, idSize), bytes.Repeat([]byte{2}, keySize)
	f.Add(seal(id, key, []byte("plain")))
	f.Add([]byte(wrappedMark))
	f.Add([]byte("another provider's"))
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		id, sealed, err := parse(wrapped)
		switch {
		case err != nil && !errors.Is(err, store.ErrSealed):
			t.Fatal(err)
		case err == nil && (!Wrapped(wrapped) || !bytes.Equal(append([]byte(wrappedMark), append(id[:idSize:idSize], sealed...)...), wrapped)):
			t.Fatalf("%x is %x and %x", wrapped, id, sealed)
		}
	})
}
