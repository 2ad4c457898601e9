package store_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// TestMigrateFrom2 reads everything that a program of schema 2 has written,
// twice: the second time it is of this schema.
func TestMigrateFrom2(t *testing.T) {
	path := older(t, "version2")
	for range 2 {
		s, err := openQuietly(path)
		if err != nil {
			t.Fatal(err)
		}
		amina, err := s.AccountByUsername(t.Context(), "amina")
		if err != nil {
			t.Fatal(err)
		}
		for _, parties := range []struct {
			account, client string
			grants          int
		}{
			{amina.ID, "", 4}, // to maths: unattested, and from an app; to old: revoked; a launch
			{"", "maths", 2},
			{amina.ID, "maths", 2},
			{"", "old", 1},
			{"", "", 4},
			{"nobody", "", 0},
		} {
			of, err := s.GrantsOf(t.Context(), parties.account, parties.client)
			if err != nil || len(of) != parties.grants {
				t.Errorf("grants of %q to %q: %+v, %v", parties.account, parties.client, of, err)
			}
		}
		if ever, err := s.EverGranted(t.Context(), "old"); err != nil || !ever {
			t.Errorf("it is forgotten that a client was let in, %v", err)
		}
		for table, n := range map[string][2]int{
			"clients":        counted(t, 3, s.Clients),
			"accounts":       counted(t, 2, s.Accounts),
			"credentials":    counted(t, 1, s.Credentials),
			"authorizations": counted(t, 4, s.Authorizations),
			"pushed":         counted(t, 2, s.PushedRequests),
			"launches":       counted(t, 1, s.Launches),
			"keys":           counted(t, 2, s.Keys),
			"upstreams":      counted(t, 1, s.Upstreams),
		} {
			if n[0] != n[1] {
				t.Errorf("%d %s, want %d", n[0], table, n[1])
			}
		}
		if p, err := s.CurrentPreferences(t.Context()); err != nil || p.Language != "fr" {
			t.Errorf("preferences %+v, %v", p, err)
		}
		report, err := s.Check(t.Context(), nil)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("the check finds %q, %v", report.Problems, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMigrateFrom2Fails leaves the file as it was.
func TestMigrateFrom2Fails(t *testing.T) {
	path := older(t, "version2")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]store.KeyProvider{
		"lost key":  store.KeyFile(path + ".none"),
		"another's": anotherKey(t),
	} {
		s, err := store.Open(path, &store.Options{Keys: keys})
		if !errors.Is(err, store.ErrSealed) {
			t.Fatalf("%s: %v, %v", name, s, err)
		}
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Fatal("the file was changed")
	}
}
