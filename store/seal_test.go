package store

import (
	"bytes"
	"errors"
	"testing"
)

func TestKeyring(t *testing.T) {
	first := newDataKey(1)
	r := newKeyring([]dataKey{first})
	sealed := r.seal("a", []byte("key"), []byte("plain"))
	if plain, err := r.open("a", []byte("key"), sealed); err != nil || string(plain) != "plain" {
		t.Fatalf("opened %q, %v", plain, err)
	}
	if again := r.seal("a", []byte("key"), []byte("plain")); bytes.Equal(again, sealed) {
		t.Fatal("the same nonce twice")
	}
	wantSealed := func(name, bucket, key string, sealed []byte) {
		t.Helper()
		if _, err := r.open(bucket, []byte(key), sealed); !errors.Is(err, ErrSealed) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	wantSealed("another class", "b", "key", sealed)
	wantSealed("another record's", "a", "other", sealed)
	for n := range sealed {
		altered := bytes.Clone(sealed)
		altered[n] ^= 1
		wantSealed("altered", "a", "key", altered)
		wantSealed("cut", "a", "key", sealed[:n])
	}

	renewed := newKeyring([]dataKey{newDataKey(2), first})
	if plain, err := renewed.open("a", []byte("key"), sealed); err != nil || string(plain) != "plain" {
		t.Fatalf("after a renewal: %q, %v", plain, err)
	}
	if !r.current(sealed) || renewed.current(sealed) {
		t.Fatal("it is not known which key is the newest")
	}
	wantSealed("a later key", "a", "key", renewed.seal("a", []byte("key"), []byte("plain")))
}

func TestBlind(t *testing.T) {
	first := newDataKey(1)
	r, renewed := newKeyring([]dataKey{first}), newKeyring([]dataKey{newDataKey(2), first})
	one, two := r.blind("a", []byte("amina")), renewed.blind("a", []byte("amina"))
	if len(one) != 1 || len(two) != 2 || !bytes.Equal(one[0], two[1]) || bytes.Equal(two[0], two[1]) {
		t.Fatalf("%x, then %x", one, two)
	}
	if bytes.Equal(one[0], r.blind("b", []byte("amina"))[0]) || bytes.Equal(one[0], r.blind("a", []byte("amin"))[0]) {
		t.Fatal("different values look the same")
	}
}

func FuzzOpenSealed(f *testing.F) {
	r := newKeyring([]dataKey{newDataKey(1)})
	f.Add([]byte(nil))
	f.Add([]byte{0, 0, 0, 1})
	f.Add(r.seal("a", []byte("another key"), []byte("plain")))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := r.open("a", []byte("key"), sealed); !errors.Is(err, ErrSealed) {
			t.Fatalf("opened: %v", err)
		}
	})
}
