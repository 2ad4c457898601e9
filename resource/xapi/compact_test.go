package xapi

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

// TestCompactRecords under load: nobody who reads or writes fails, and nothing is lost.
func TestCompactRecords(t *testing.T) {
	s, path := lived(t)
	place := Place{Resource: ActivityProfile, Activity: "http://example.com/large"}
	change := func(d *Document) {
		t.Helper()
		if err := s.Change(t.Context(), place, "d", func(*Document) (*Document, error) { return d, nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(&Document{ContentType: "x/y", Content: make([]byte, 4<<20)})
	change(nil)
	end := busy(t, s)
	before := s.Usage()
	stopped, stop := context.WithCancel(t.Context())
	if err := s.Compact(stopped, func(int, int) { stop() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	for range 3 {
		if err := s.Compact(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	stored := end()
	if after := s.Usage(); after.Size > before.Size-(3<<20) {
		t.Errorf("%+v became %+v", before, after)
	}
	wantWhole(t, s)
	wantStatements(t, s, 200+stored)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, mustOpen(t, path))
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := s.Compact(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}
