package store_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// heldIn3 is what the apps of the device of schema 3 held.
func heldIn3(t *testing.T) (held map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "version3", "held.json"))
	if err = errors.Join(err, json.Unmarshal(text, &held)); err != nil {
		t.Fatal(err)
	}
	return held
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// TestMigrateFrom3 finds the login of each code and token that an app holds, twice: the
// second time the file is of this schema.
func TestMigrateFrom3(t *testing.T) {
	path, held := older(t, "version3"), heldIn3(t)
	for range 2 {
		s, err := openQuietly(path)
		if err != nil {
			t.Fatal(err)
		}
		login := func(token string) store.Authorization {
			id, err := s.AuthorizationOf(t.Context(), hashOf(held[token]))
			if err != nil {
				t.Fatalf("%s: %v", token, err)
			}
			a, err := s.Authorizations.Get(t.Context(), id)
			if err != nil {
				t.Fatalf("%s: %v", token, err)
			}
			return a
		}
		if a := login("code"); string(a.Code.Hash) != string(hashOf(held["code"])) || !a.Code.RedeemedAt.IsZero() || a.Code.Challenge == "" || a.Code.ExpiresAt.IsZero() || !a.Refresh.IsZero() {
			t.Errorf("the code that waits: %+v, %+v", a.Code, a.Refresh)
		}
		if a := login("redeemed_code"); a.Code.RedeemedAt.IsZero() || a.Refresh.Last == nil || a.Refresh.Rotations != 0 {
			t.Errorf("the code that was redeemed: %+v, %+v", a.Code, a.Refresh)
		}
		if a := login("refresh_token"); !a.Refresh.InForce(hashOf(held["refresh_token"])) || !a.Refresh.Knows(hashOf(held["rotated_refresh_token"])) ||
			a.Refresh.MayRepeat(hashOf(held["rotated_refresh_token"])) || a.Refresh.Rotations != 2 || a.Refresh.ExpiresAt.IsZero() || a.Refresh.IssuedAt.IsZero() {
			t.Errorf("refreshed twice: %+v", a.Refresh)
		}
		if a := login("unanswered_refresh_token"); !a.Refresh.MayRepeat(hashOf(held["unanswered_refresh_token"])) {
			t.Errorf("refreshed without an answer: %+v", a.Refresh)
		}
		if a := login("ended_refresh_token"); a.EndedAt.IsZero() {
			t.Errorf("ended: %+v", a)
		}
		for table, n := range map[string][2]int{
			"clients":        counted(t, 3, s.Clients),
			"accounts":       counted(t, 2, s.Accounts),
			"authorizations": counted(t, 8, s.Authorizations),
			"pushed":         counted(t, 2, s.PushedRequests),
			"launches":       counted(t, 1, s.Launches),
			"keys":           counted(t, 2, s.Keys),
		} {
			if n[0] != n[1] {
				t.Errorf("%d %s, want %d", n[0], table, n[1])
			}
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
