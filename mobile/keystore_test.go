package mobile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// keystore seals by a key of one byte: what is tested is who asks it, and when.
type keystore struct {
	key    byte
	locked error
}

func (k *keystore) xor(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= k.key
	}
	return out
}

func (k *keystore) Seal(plain []byte) (*Bytes, error) {
	return NewBytes(k.xor(append([]byte("sealed"), plain...))), k.locked
}

func (k *keystore) Unseal(sealed []byte) (*Bytes, error) {
	plain, whole := bytes.CutPrefix(k.xor(sealed), []byte("sealed"))
	if !whole {
		return nil, k.locked
	}
	return NewBytes(plain), k.locked
}

func TestKeystore(t *testing.T) {
	dir := t.TempDir()
	reopen := func(k Keystore) error {
		cfg := &Config{Issuer: issuer, DataDir: dir}
		cfg.SetKeystore(k)
		app, err := Open(cfg, &phone{T: t})
		if err != nil {
			return err
		}
		return app.Close()
	}
	for range 2 {
		if err := reopen(&keystore{key: 0x55}); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*.key")); err != nil || len(files) > 0 {
		t.Errorf("key files %v, %v", files, err)
	}
	if err := reopen(&keystore{key: 0x56}); !errors.Is(err, store.ErrSealed) {
		t.Errorf("with another key: %v", err)
	}
	locked := errors.New("the screen is locked")
	if err := reopen(&keystore{key: 0x55, locked: locked}); !errors.Is(err, locked) || errors.Is(err, store.ErrSealed) {
		t.Errorf("with a locked one: %v", err)
	}
	if err := reopen(&keystore{key: 0x55}); err != nil {
		t.Errorf("after all that: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "offlineauth.db")); err != nil {
		t.Error(err)
	}
}
