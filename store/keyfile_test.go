package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestKeyFileRenewal(t *testing.T) {
	f := KeyFile(filepath.Join(t.TempDir(), "key"))
	old, err := f.Wrap(t.Context(), []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(string(f))
	if err != nil {
		t.Fatal(err)
	}
	wantOpens := func(wrapped []byte, target error) {
		t.Helper()
		plain, err := f.Unwrap(t.Context(), wrapped)
		if !errors.Is(err, target) || err == nil && string(plain) != "plain" {
			t.Fatalf("opened %q, %v", plain, err)
		}
	}
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOpens(old, nil) // not retired yet
	next, err := f.Wrap(t.Context(), []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOpens(old, ErrSealed)
	wantOpens(next, nil)
	file, err := os.ReadFile(string(f))
	if err != nil || len(file) != keySize || bytes.Contains(file, first) {
		t.Fatalf("%d bytes are left, %v", len(file), err)
	}
	info, err := os.Stat(string(f))
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
}

// TestKeyFileIsNotMadeTwice: what was sealed under a lost key is not to be
// mistaken for the start of a new store.
func TestKeyFileIsNotMadeTwice(t *testing.T) {
	f := KeyFile(filepath.Join(t.TempDir(), "key"))
	for name, err := range map[string]error{
		"unwrap": second(f.Unwrap(t.Context(), []byte("x"))),
		"renew":  f.Renew(t.Context()),
		"retire": f.Retire(t.Context()),
	} {
		if !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(string(f)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a file was made: %v", err)
	}
}

func second(_ []byte, err error) error { return err }
