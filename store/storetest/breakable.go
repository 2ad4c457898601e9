package storetest

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// ErrDisk is what commits of a [Breakable] store fail with.
var ErrDisk = errors.New("storetest: the disk is full")

// Breakable returns an empty store in memory, as [Open] does, whose commits fail with
// [ErrDisk] while broken is true.
func Breakable(t testing.TB) (s *store.Store, broken *atomic.Bool) {
	t.Helper()
	broken = new(atomic.Bool)
	failing := &wrapped{Engine: new(Memory), beforeCommit: func() error {
		if broken.Load() {
			return ErrDisk
		}
		return nil
	}}
	return on(t, failing), broken
}
