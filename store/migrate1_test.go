package store_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/storetest"
)

// older puts the files of an older schema into a directory, and returns the path
// of the store.
func older(t *testing.T, version string) string {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", version, "offlineauth.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join("testdata", version, "offlineauth.db.key"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "offlineauth.db")
	if err := errors.Join(os.WriteFile(path, file, 0o600), os.WriteFile(path+".key", key, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func openQuietly(path string) (*store.Store, error) {
	return store.Open(path, &store.Options{Logger: slog.New(slog.DiscardHandler)})
}

// TestMigrateFrom1 reads everything that a program of schema 1 has written,
// twice: the second time it is of this schema.
func TestMigrateFrom1(t *testing.T) {
	path := older(t, "version1")
	for range 2 {
		s, err := openQuietly(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.AccountByUsername(t.Context(), "amina")
		if err != nil || a.Name != "Amina" {
			t.Fatalf("account %+v, %v", a, err)
		}
		if _, err := s.LivingGrant(t.Context(), a.ID, "maths", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LivingGrant(t.Context(), a.ID, "old", ""); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("the revoked grant: %v", err)
		}
		for table, n := range map[string][2]int{
			"clients":        counted(t, 2, s.Clients),
			"accounts":       counted(t, 1, s.Accounts),
			"grants":         counted(t, 2, s.Grants),
			"authorizations": counted(t, 3, s.Authorizations),
			"pushed":         counted(t, 1, s.PushedRequests),
			"keys":           counted(t, 2, s.Keys),
		} {
			if n[0] != n[1] {
				t.Errorf("%d %s, want %d", n[0], table, n[1])
			}
		}
		events, err := s.Events.Newest(t.Context(), 0, 100)
		if err != nil || len(events) < 9 || events[len(events)-1].Kind != "client added" {
			t.Errorf("events %+v, %v", events, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte("com.example.maths:/done")) {
		t.Fatal("the test does not see the records")
	}
}

// TestMigrateFrom1Elsewhere: a provider of several places says where the key file is,
// and its own key is the store's from then on.
func TestMigrateFrom1Elsewhere(t *testing.T) {
	path := older(t, "version1")
	keys := places{new(storetest.Keys), store.KeyFile(path + ".key")}
	for range 2 {
		s, err := store.Open(path, &store.Options{Keys: keys, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AccountByUsername(t.Context(), "amina"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openQuietly(path); !errors.Is(err, store.ErrSealed) {
		t.Fatalf("it is still under the key file: %v", err)
	}
}

type places struct {
	*storetest.Keys
	file store.KeyFile
}

func (p places) KeyFile() store.KeyFile { return p.file }

func counted[T any](t *testing.T, want int, table store.Table[T]) [2]int {
	t.Helper()
	all, err := table.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return [2]int{len(all), want}
}

// TestMigrateFrom1Fails leaves the file as it was.
func TestMigrateFrom1Fails(t *testing.T) {
	path := older(t, "version1")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]store.KeyProvider{
		"lost key":         store.KeyFile(path + ".none"),
		"another's":        anotherKey(t),
		"another provider": struct{ store.KeyProvider }{anotherKey(t)},
	} {
		s, err := store.Open(path, &store.Options{Keys: keys})
		if !errors.Is(err, store.ErrSealed) {
			t.Fatalf("%s: %v, %v", name, s, err)
		}
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Fatal("the file was changed")
	}
	if _, err := os.Stat(path + ".none"); err == nil {
		t.Fatal("a new key hides that the old one is lost")
	}
}

func anotherKey(t *testing.T) store.KeyFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	return store.KeyFile(path)
}
