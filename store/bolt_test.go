package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func open(path string) (*Store, error) {
	return Open(path, &Options{Logger: slog.New(slog.DiscardHandler), LockTimeout: time.Millisecond})
}

func mustOpen(t *testing.T, path string) *Store {
	t.Helper()
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// filled makes a store with a key and a client in it, closes it, and returns its path.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made", "store.db")
	s := mustOpen(t, path)
	err := s.Do(t.Context(), func(ctx context.Context) error {
		return errors.Join(s.Clients.Put(ctx, Client{ID: "visible"}), s.Keys.Put(ctx, Key{ID: "k", Private: []byte("hidden secret")}))
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReopen(t *testing.T) {
	s := mustOpen(t, filled(t))
	k, err := s.Keys.Get(t.Context(), "k")
	if err != nil || string(k.Private) != "hidden secret" {
		t.Fatalf("read %q, %v", k.Private, err)
	}
	if s.Commits() != 0 {
		t.Fatalf("opening made %d commits", s.Commits())
	}
}

func TestDefaultOptions(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "store.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsPrivateAndSmall(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // has other permissions, and bbolt other sizes
	}
	path := filled(t)
	wantPrivate(t, path)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, path).Close()
	wantPrivate(t, path)
}

func wantPrivate(t *testing.T, path string) {
	t.Helper()
	for name, mode := range map[string]fs.FileMode{path: 0o600, path + ".key": 0o600, filepath.Dir(path): fs.ModeDir | 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
		if info.Size() > 2*(256<<10) {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
	if left, _ := filepath.Glob(path + ".key.*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestSealedInTheFile(t *testing.T) {
	file, err := os.ReadFile(filled(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte("visible")) {
		t.Fatal("the test does not see the records")
	}
	if bytes.Contains(file, []byte("hidden secret")) || bytes.Contains(file, []byte("aGlkZGVuIHNlY3JldA")) {
		t.Fatal("the private key is in the file")
	}
}

func TestKeyFile(t *testing.T) {
	for name, spoil := range map[string]func(keyFile string) error{
		"lost":      os.Remove,
		"short":     func(f string) error { return os.Truncate(f, 31) },
		"another's": func(f string) error { return os.WriteFile(f, bytes.Repeat([]byte{1}, 32), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			keyFile := path + ".key"
			key, err := os.ReadFile(keyFile)
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(keyFile); err != nil {
				t.Fatal(err)
			}
			if _, err := open(path); !errors.Is(err, ErrSealed) {
				t.Fatalf("error is %v, want ErrSealed", err)
			}
			if _, err := os.Stat(keyFile); name == "lost" && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal("a new key hides that the old one is lost")
			}
			if err := os.WriteFile(keyFile, key, 0o600); err != nil { // put back
				t.Fatal(err)
			}
			mustOpen(t, path)
		})
	}
}

func TestLocked(t *testing.T) {
	path := filled(t)
	mustOpen(t, path)
	_, err := open(path)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("error is %v, want ErrLocked", err)
	}
	var locked *LockedError
	if !errors.As(err, &locked) || !strings.Contains(err.Error(), path) {
		t.Fatalf("error is %v", err)
	}
	if locked.PID != 0 && locked.PID != os.Getpid() { // 0: hidden from us, as in some containers
		t.Fatalf("held by %d, not by this process %d", locked.PID, os.Getpid())
	}
}

func TestNotAStore(t *testing.T) {
	path := filled(t)
	garbage := bytes.Repeat([]byte("garbage "), 4096)
	if err := os.WriteFile(path, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(path); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("error is %v, want ErrCorrupt", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, garbage) {
		t.Fatal("the file was changed")
	}
}

func TestNoDirectory(t *testing.T) {
	path := filled(t)
	if _, err := open(filepath.Join(path, "beneath a file", "store.db")); err == nil {
		t.Fatal("opened beneath a file")
	}
}

func TestLockedErrorText(t *testing.T) {
	for _, c := range []struct {
		err  LockedError
		want string
	}{
		{LockedError{Path: "p"}, "another process"},
		{LockedError{Path: "p", PID: 7}, "process 7:"},
		{LockedError{Path: "p", PID: 7, Executable: "/bin/x"}, "process 7 (/bin/x)"},
	} {
		if got := c.err.Error(); !strings.Contains(got, c.want) {
			t.Errorf("%q does not say %q", got, c.want)
		}
	}
}
