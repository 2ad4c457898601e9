package xapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var nextKey = bytes.Repeat([]byte{9}, 32)

// TestRekey: everything is there under the other key alone, also for those who have the
// store open.
func TestRekey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xapi.db")
	s := mustOpen(t, path)
	eventful(t, s)
	want := answers(t, s)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n += 17 {
		err := s.Rekey(&endsAfter{Context: t.Context(), n: n}, nextKey, nil)
		if err == nil {
			break
		}
		if after, failed := os.ReadFile(path); !errors.Is(err, context.Canceled) || failed != nil || !bytes.Equal(before, after) || !s.SealedUnder(careKey) {
			t.Fatalf("cut off: %v, %v", err, failed)
		}
	}
	if s.SealedUnder(careKey) || !s.SealedUnder(nextKey) {
		t.Error("it is under the key of before")
	}
	wantAnswers(t, s, want)
	wantNothingToRead(t, path)
	if _, err := Open(t.Context(), copyOf(t, path), careKeys); !errors.Is(err, ErrSealed) {
		t.Errorf("the key before opens it: %v", err)
	}
	if mark := marked(t, copyOf(t, path)); mark == "" {
		t.Error("a kill now would not be noticed")
	}
	// Marks are those that a file has that was never under another key.
	more := Place{Resource: AgentProfile, Agent: actors[0]}
	if err := s.DeleteAll(t.Context(), places()[0]); err != nil {
		t.Fatal(err)
	}
	err = s.Change(t.Context(), more, "secret-bookmark", func(old *Document) (*Document, error) {
		if old == nil {
			t.Error("the document is not found to be changed")
		}
		return nil, nil
	})
	if err := errors.Join(err, s.BackupIfOld(t.Context(), 0), s.Close()); err != nil {
		t.Fatal(err)
	}
	wantWholeFew(t, mustOpenUnder(t, path, Keys{careKey, nextKey}))
	var log strings.Builder
	damages["garbage"](t, copyOver(t, path))
	restored, done, err := OpenOrRestore(t.Context(), copied(path), Keys{careKey, nextKey}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil || done == nil || done.MadeAt.IsZero() || !restored.SealedUnder(nextKey) {
		t.Fatalf("restored %+v, %v, %s", done, err, &log)
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustOpenUnder(t *testing.T, path string, keys Keys) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func wantWholeFew(t *testing.T, s *Store) {
	t.Helper()
	if report, err := s.Check(t.Context(), nil); err != nil || len(report.Problems) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func copied(path string) string { return path + ".copied" }

// copyOver copies a file and the backup beside it.
func copyOver(t *testing.T, path string) string {
	t.Helper()
	for _, suffix := range []string{"", BackupSuffix} {
		text, err := os.ReadFile(path + suffix)
		if err := errors.Join(err, os.WriteFile(copied(path)+suffix, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return copied(path)
}

// TestRekeyUnderLoad: nobody who reads or writes fails, and nothing is lost.
func TestRekeyUnderLoad(t *testing.T) {
	s, path := lived(t)
	before := everything(t, s)
	end := busy(t, s)
	reported := 0
	for _, key := range [][]byte{nextKey, careKey, nextKey} {
		if err := s.Rekey(t.Context(), key, func(done, total int) { reported = done }); err != nil {
			t.Error(err)
		}
	}
	stored := end()
	wantWhole(t, s)
	if reported < len(before) {
		t.Errorf("%d of %d records were reported", reported, len(before))
	}
	wantStatements(t, s, 200+stored)
	if slices.ContainsFunc(everything(t, s), func(record string) bool { return slices.Contains(before, record) }) {
		t.Error("a record is as it was")
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := s.Rekey(t.Context(), nextKey[:5], nil); !errors.Is(err, errKeySize) {
		t.Errorf("a key that is too short: %v", err)
	}
	if err := errors.Join(s.BackupIfOld(t.Context(), time.Hour), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.Rekey(t.Context(), careKey, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}
