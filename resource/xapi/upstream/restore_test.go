package upstream_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi"
)

// TestNothingTwiceAfterARestoration: a backup does not know what was sent since. It is sent
// again, under the same ids, and the upstream has each statement once.
func TestNothingTwiceAfterARestoration(t *testing.T) {
	s := newSchool(t)
	dir := t.TempDir()
	s.addMany(0, 30)
	s.now()
	s.addMany(30, 30) // wait when the backup is made
	if err := s.store.Backup(t.Context(), filepath.Join(dir, "backup"), nil); err != nil {
		t.Fatal(err)
	}
	s.now()
	s.addMany(60, 30) // are on the upstream alone after the restoration
	s.now()
	s.wantStatus(90, 0, 0)

	path := filepath.Join(dir, "xapi.db")
	if _, err := xapi.Restore(t.Context(), path, filepath.Join(dir, "backup"), recordsKeys, nil); err != nil {
		t.Fatal(err)
	}
	old := s.store
	s.store = open(t, path)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s.restart()
	s.wantStatus(30, 30, 0)
	s.now()
	s.wantStatus(60, 0, 0)
	s.addMany(90, 30)
	s.now()
	s.wantStatus(90, 0, 0)
	ids := s.lrs.order()
	if all := len(ids); all != 120 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 120 {
		t.Errorf("the upstream has %d statements", all)
	}
}
