package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/client"
)

// garbled is a store whose values are not what was saved.
type garbled struct{}

func (garbled) Load(context.Context, string) ([]byte, error) { return []byte("}{"), nil }
func (garbled) Save(context.Context, string, []byte) error   { return nil }
func (garbled) Delete(ctx context.Context, key string) error { return nil }

func TestStores(t *testing.T) {
	for name, open := range map[string]func() client.Store{
		"Memory": func() client.Store { return new(client.Memory) },
		"Dir":    func() client.Store { return client.Dir(filepath.Join(t.TempDir(), "a", "b")) },
	} {
		t.Run(name, func(t *testing.T) {
			s, ctx := open(), t.Context()
			if _, err := s.Load(ctx, "login-1"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("empty: %v", err)
			}
			if err := s.Delete(ctx, "login-1"); err != nil {
				t.Errorf("delete nothing: %v", err)
			}
			value := []byte("one")
			for _, err := range []error{s.Save(ctx, "login-1", value), s.Save(ctx, "login-2", []byte("two"))} {
				if err != nil {
					t.Fatal(err)
				}
			}
			value[0] = 'X'
			got, err := s.Load(ctx, "login-1")
			if err != nil || string(got) != "one" {
				t.Errorf("%q, %v", got, err)
			}
			if err := s.Save(ctx, "login-1", []byte("1")); err != nil {
				t.Fatal(err)
			}
			if got, err = s.Load(ctx, "login-1"); string(got) != "1" {
				t.Errorf("replaced: %q, %v", got, err)
			}
			if err := s.Delete(ctx, "login-1"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Load(ctx, "login-1"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("deleted: %v", err)
			}
			if got, err = s.Load(ctx, "login-2"); string(got) != "two" {
				t.Errorf("the other: %q, %v", got, err)
			}
		})
	}
}

func TestDirIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logins")
	if err := client.Dir(dir).Save(t.Context(), "key", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, "key.json"): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := client.Dir(dir).Save(t.Context(), "key", nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a directory others can read: %v", err)
	}
}

func TestDirRefusesKeys(t *testing.T) {
	for _, key := range []string{"", "..", "../x", "a/b", "a.b", "a\\b", "a\x00"} {
		d := client.Dir(t.TempDir())
		_, loading := d.Load(t.Context(), key)
		for _, err := range []error{loading, d.Save(t.Context(), key, nil), d.Delete(t.Context(), key), client.Dir("").Save(t.Context(), "a", nil)} {
			if !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%q: %v", key, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Dir(t.TempDir()).Save(ctx, "a", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A reader sees one whole value, whoever writes; nothing else is left behind.
func TestDirReplacesAtOnce(t *testing.T) {
	dir := client.Dir(t.TempDir() + "/logins")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 10 {
				if err := dir.Save(t.Context(), "key", bytes.Repeat(fmt.Append(nil, i), 5000)); err != nil {
					t.Error(err)
				}
				got, err := dir.Load(t.Context(), "key")
				if err != nil || len(got) != 5000 || strings.Trim(string(got), string(got[:1])) != "" {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			}
		})
	}
	all.Wait()
	if files, err := os.ReadDir(string(dir)); len(files) != 1 {
		t.Error(files, err)
	}
}
