package xapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

var (
	careKey  = bytes.Repeat([]byte{7}, 32)
	careKeys = Keys{careKey}
)

// lived makes a file with everything that there can be, and leaves it open.
func lived(t *testing.T) (s *Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "xapi.db")
	s = mustOpen(t, path)
	for n := range uint64(4) {
		if err := s.addBench(benchBatch(n*50, 50)); err != nil {
			t.Fatal(err)
		}
	}
	object := fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, benchUUID(3))
	void := fmt.Sprintf(`[{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":%q},"object":%s}]`, statement.VerbVoided, object)
	place := Place{Resource: State, Activity: "http://example.com/a", Agent: "mbox mailto:a@example.com"}
	err := errors.Join(
		s.addBench([]byte(void)),
		s.Change(t.Context(), place, "bookmark", func(*Document) (*Document, error) {
			return &Document{ContentType: "text/plain", Content: []byte("page 7")}, nil
		}),
		s.commit.do(t.Context(), func(w *writer) error {
			return w.attach(Attachment{strings.Repeat("ab", 32), "image/png", bytes.Repeat([]byte("picture "), 20_000)})
		}),
		s.Outbox("x").Settle(t.Context(), []Settlement{{Seq: 1, ID: benchUUID(1)}}))
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

// everything is what a backup is to hold.
func everything(t *testing.T, s *Store) (all []string) {
	t.Helper()
	err := s.view(t.Context(), func(tx *reader) error {
		for _, bucket := range buckets {
			err := tx.Bucket(bucket).ForEach(func(k, v []byte) error {
				all = append(all, fmt.Sprintf("%s %x %x", bucket, k, v))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(all) < 1000 {
		t.Fatalf("%d records, %v", len(all), err)
	}
	return all
}

func wantWhole(t *testing.T, s *Store) {
	t.Helper()
	report, err := s.Check(t.Context(), nil)
	if err != nil || len(report.Problems) > 0 || report.Records < 1000 {
		t.Fatalf("%+v, %v", report, err)
	}
}

// wantStatements: that many are there.
func wantStatements(t *testing.T, s *Store, n uint64) {
	t.Helper()
	page, err := s.Query(t.Context(), Query{Limit: 10_000})
	if err != nil || uint64(len(page.Statements)) != n {
		t.Fatalf("%d statements, want %d, %v", len(page.Statements), n, err)
	}
}

// busy stores and reads, without a failure, until it is told to end; then it says how many
// statements it has stored.
func busy(t *testing.T, s *Store) (end func() (stored uint64)) {
	var both sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	stored := uint64(0)
	both.Go(func() {
		for ; ctx.Err() == nil; stored++ {
			if err := s.addBench(benchBatch(10_000+stored, 1)); err != nil {
				t.Error(err)
			}
		}
	})
	both.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Query(t.Context(), Query{Limit: 10}); err != nil {
				t.Error(err)
			}
		}
	})
	return func() uint64 {
		cancel()
		both.Wait()
		return stored
	}
}
