package xapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// traces are what must not be in a file that is [eventful]: what was stored, in all the
// forms in which it was once, and what could be guessed by hashing.
func traces() map[string][]byte {
	all := map[string][]byte{}
	text := func(words ...string) {
		for _, w := range words {
			sum := sha256.Sum256([]byte(w))
			all[w] = []byte(w)
			all["the hash of "+w] = sum[:16]
			all["the hash in words of "+w] = []byte(hex.EncodeToString(sum[:16]))
		}
	}
	text("secret", "Secret", "example.com", "example/", "text/plain", "bookmark", "quarantine", `"actor"`, `"verb"`, `"resource"`, "mbox", "account")
	text(actors...)
	text(verbs...)
	text(activities...)
	text(sums...)
	text(endpoints...)
	text(strings.ToLower(enrolment))
	for _, p := range places() {
		text(p.Activity + "\x00" + p.Agent)
	}
	uuid := func(u string) {
		all[u] = []byte(u)
		all["the bytes of "+u] = uuidKey(u)
	}
	uuid(strings.ToLower(enrolment))
	for n := range eventfulStatements {
		uuid(eventfulID(n))
	}
	return all
}

// wantNothingToRead looks at each byte of a file.
func wantNothingToRead(t *testing.T, path string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, trace := range traces() {
		if bytes.Contains(file, trace) {
			t.Errorf("%s is in %s", what, path)
		}
	}
}

// TestNothingToRead is in the file, nor in what is made of it.
func TestNothingToRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xapi.db")
	s := mustOpen(t, path)
	eventful(t, s)
	wantAnswers(t, s, answers(t, s))
	wantNothingToRead(t, path)
	if err := errors.Join(s.Backup(t.Context(), path+".copy", nil), s.Compact(t.Context(), nil)); err != nil {
		t.Fatal(err)
	}
	wantNothingToRead(t, path)
	wantNothingToRead(t, path+".copy")
}

// TestAnotherKey opens nothing and changes nothing, and what is stored under the right one
// is there.
func TestAnotherKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xapi.db")
	s := mustOpen(t, path)
	eventful(t, s)
	want := answers(t, s)
	if err := errors.Join(s.BackupIfOld(t.Context(), 0), s.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Repeat([]byte{8}, 32)
	if _, err := Open(t.Context(), path, Keys{other}); !errors.Is(err, ErrSealed) || errors.Is(err, boltfile.ErrCorrupt) {
		t.Errorf("opened: %v", err)
	}
	var log strings.Builder
	if _, _, err := OpenOrRestore(t.Context(), path, Keys{other}, slog.New(slog.NewTextHandler(&log, nil))); !errors.Is(err, ErrSealed) || log.Len() > 0 {
		t.Errorf("opened or restored: %v %s", err, &log)
	}
	for _, keys := range []Keys{nil, {nil}, {other[:31]}, {other, other[:31]}} {
		if _, err := Open(t.Context(), path, keys); !errors.Is(err, errKeySize) {
			t.Errorf("keys %x: %v", keys, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Fatalf("the file is another: %v", err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
	wantAnswers(t, mustOpen(t, path), want)
}

// TestMovedRecords: a sealed record in another's place is noticed by whoever reads it, and
// by a check.
func TestMovedRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xapi.db")
	s := mustOpen(t, path)
	eventful(t, s)
	records := map[string][2][]byte{} // a key and its value, of each bucket
	err := s.view(t.Context(), func(tx *reader) error {
		for _, bucket := range sealedBuckets {
			if bytes.Equal(bucket, bucketMeta) {
				continue
			}
			c := tx.Bucket(bucket).Cursor()
			k, v := c.First()
			records[string(bucket)] = [2][]byte{bytes.Clone(k), bytes.Clone(v)}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for bucket := range records {
		for from, record := range records {
			s, err := Open(t.Context(), copyOf(t, path), careKeys)
			if err != nil {
				t.Fatal(err)
			}
			key, value := bytes.Clone(record[0]), record[1]
			if bucket == from { // to another key, else to the same key of another bucket
				key[len(key)-1] ^= 1
			}
			err = s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put(key, value) })
			if err != nil {
				t.Fatal(err)
			}
			err = s.view(t.Context(), func(tx *reader) error {
				_, err := tx.get([]byte(bucket), key)
				return err
			})
			if !errors.Is(err, ErrSealed) {
				t.Errorf("from %s to %s: %v", from, bucket, err)
			}
			report, err := s.Check(t.Context(), nil)
			if err != nil || len(report.Problems) == 0 || !strings.Contains(strings.Join(report.Problems, "\n"), fmt.Sprintf("%s %x: %v", bucket, key, ErrSealed)) {
				t.Errorf("from %s to %s, checked: %+v, %v", from, bucket, report, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// copyOf copies a file that is open, as a kill would leave it.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	other := filepath.Join(t.TempDir(), "xapi.db")
	if err := errors.Join(err, os.WriteFile(other, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return other
}

// TestVaults: two files under one key have nothing in common.
func TestVaults(t *testing.T) {
	one, err := newVault(careKey)
	if err != nil {
		t.Fatal(err)
	}
	two, err := newVault(careKey)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for name, v := range map[string]*vault{"one": one, "two": two} {
		for _, class := range classes {
			seen[string(v.mark(class, hashed("x")))] = name + class
		}
		for _, kind := range "vaAoOrm" {
			seen[string(v.term(statement.Term{Kind: statement.Kind(kind), Value: "x"}))] = name + string(kind)
		}
		for _, r := range []Resource{State, ActivityProfile, AgentProfile} {
			seen[string(v.place(Place{Resource: r, Agent: "x"}))] = name + string(rune(r))
		}
	}
	if len(seen) != 2*(len(classes)+7+3) {
		t.Errorf("%d different marks", len(seen))
	}
	a, b := one.seal(bucketPersons, []byte("k"), []byte("v")), one.seal(bucketPersons, []byte("k"), []byte("v"))
	if bytes.Equal(a, b) {
		t.Error("one nonce was used twice")
	}
	if _, err := two.open(bucketPersons, []byte("k"), a); !errors.Is(err, ErrSealed) {
		t.Errorf("another file's: %v", err)
	}
}
