package xapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/boltfile"
)

// schema1 puts a file of schema 1 that everything was done with into a directory, and
// returns what it answered then.
func schema1(t *testing.T) (path string, want []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "xapi.db")
	if err := os.WriteFile(path, unpacked(t, "schema1.db.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, answers1(t)
}

func answers1(t *testing.T) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(string(unpacked(t, "schema1.answers.gz"))), "\n")
}

func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func wantAnswers(t *testing.T, s *Store, want []string) {
	t.Helper()
	got := answers(t, s)
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("answer %d is\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d answers, want %d", len(got), len(want))
	}
	report, err := s.Check(t.Context(), nil)
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
}

// TestMigrateFrom1: a file of schema 1 answers as it did, and nothing in it can be read any
// more.
func TestMigrateFrom1(t *testing.T) {
	path, want := schema1(t)
	before, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(before, []byte("secret answer")) {
		t.Fatalf("the file that was open is not: %v", err)
	}
	for range 2 {
		s, err := Open(t.Context(), path, careKeys)
		if err != nil {
			t.Fatal(err)
		}
		wantAnswers(t, s, want)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantNothingToRead(t, path)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestRestoreFrom1: so does a backup that was made by schema 1.
func TestRestoreFrom1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xapi.db")
	reported := 0
	progress := func(done, total int) {
		if done < reported || done > total {
			t.Errorf("%d of %d after %d", done, total, reported)
		}
		reported = done
	}
	done, err := Restore(t.Context(), path, filepath.Join("testdata", "schema1.backup"), careKeys, progress)
	if err != nil || done.MadeAt.IsZero() || reported < 100 {
		t.Fatalf("%+v, %d records, %v", done, reported, err)
	}
	s := mustOpen(t, path)
	wantAnswers(t, s, answers1(t))
	wantNothingToRead(t, path)
}

// TestMigrationIsCutOff anywhere: the file is as it was, and the next attempt brings
// it to this form.
func TestMigrationIsCutOff(t *testing.T) {
	path, want := schema1(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n += 11 {
		s, err := Open(&endsAfter{Context: t.Context(), n: n}, path, careKeys)
		if err == nil {
			if n < 300 {
				t.Errorf("it asked %d times whether to go on", n)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Fatalf("the file is another: %v", err)
		}
		if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
			t.Fatalf("left: %v", left)
		}
	}
	// As a crash leaves it that comes before the new file is in its place.
	sealed, err := os.ReadFile(path)
	if err := errors.Join(err, os.WriteFile(path, before, 0o600), os.WriteFile(path+boltfile.NewSuffix, sealed[:len(sealed)/2], 0o600)); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path)
	wantAnswers(t, s, want)
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// endsAfter is canceled after it was asked n times.
type endsAfter struct {
	context.Context
	n int
}

func (e *endsAfter) Err() error {
	if e.n--; e.n < 0 {
		return context.Canceled
	}
	return nil
}

// TestMigrateInShares: a bucket that does not fit into memory is converted bit by bit.
func TestMigrateInShares(t *testing.T) {
	const n = 3000
	v, err := newVault(careKey)
	if err != nil {
		t.Fatal(err)
	}
	passes := 0
	source := func(wanted func(string) bool, visit func(string, []byte, []byte) error) error {
		passes++
		for i := range uint64(n) {
			if wanted("attachments") {
				if err := visit("attachments", seqKey(i), bytes.Repeat([]byte{byte(i), 0}, 20_000)); err != nil {
					return err
				}
			}
			if wanted("index") {
				key := withSeq(append([]byte{'v'}, hashed(string(seqKey(i)))...), i)
				if err := visit("index", key, nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
	db, err := boltfile.Build(filepath.Join(t.TempDir(), "xapi.db"), func(to *boltfile.Filler) error {
		return convert(t.Context(), to, from1{v}, source, func() {})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	r := newReader(tx, v)
	if passes < 3 || r.Bucket(bucketIndex).Stats().KeyN != n {
		t.Errorf("%d passes, %d keys", passes, r.Bucket(bucketIndex).Stats().KeyN)
	}
	for i := range uint64(n) {
		file, err := attachment(r, string(seqKey(i)))
		if err != nil || file.ContentType != strings.TrimRight(string([]byte{byte(i)}), "\x00") || len(file.Content) < 39_990 {
			t.Fatalf("%d: %q, %d bytes, %v", i, file.ContentType, len(file.Content), err)
		}
	}
}

// TestMigrateDamaged: what is no record of schema 1 is noticed, and the file stays.
func TestMigrateDamaged(t *testing.T) {
	v, err := newVault(careKey)
	if err != nil {
		t.Fatal(err)
	}
	for bucket, keys := range map[string][]string{
		"index":     {"", "short", "v" + strings.Repeat("k", 23)},
		"ids":       {"", "short"},
		"documents": {"", "s" + strings.Repeat("k", 16), "x" + strings.Repeat("k", 40)},
		"changed":   {"", "s" + strings.Repeat("k", 31), "a"},
		"upstreams": {"", "name", "name\x00", "name\x00d", "name\x00qs"},
	} {
		for _, key := range keys {
			if _, err := (from1{v}).key(bucket, []byte(key)); !errors.Is(err, boltfile.ErrCorrupt) {
				t.Errorf("%s %q: %v", bucket, key, err)
			}
		}
	}
	if _, err := (from1{v}).value("documents", []byte("a"+strings.Repeat("k", 20)), nil, []byte("short")); !errors.Is(err, boltfile.ErrCorrupt) {
		t.Errorf("a document: %v", err)
	}
}
