//go:build linux && faults

package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// These tests mount small file systems, in a namespace of their own where the
// system lets every user have one.

func mounting() *syscall.SysProcAttr {
	one := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: one(os.Getuid()),
		GidMappings: one(os.Getgid()),
	}
}

func mount(t *testing.T, dir string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("none", dir, "tmpfs", flags, options); err != nil {
		t.Fatalf("this test needs user namespaces, or root: %v", err)
	}
}

// TestFullDisk fills a disk of a megabyte, with the store and with another file.
func TestFullDisk(t *testing.T) {
	dir := os.Getenv(faulty)
	if dir == "" {
		again(t, t.TempDir(), mounting())
		return
	}
	mount(t, dir, 0, "size=1m")
	path, other := filepath.Join(dir, "store.db"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, make([]byte, 300_000), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpenQuietly(t, path)
	n := fillUntil(t, s, 0, syscall.ENOSPC)
	wantWhole(t, s, n)
	if err := s.Compact(t.Context(), nil); !says(err, syscall.ENOSPC) {
		t.Errorf("compact: %v", err)
	}
	if err := s.Backup(t.Context(), path+".copy", store.BackupOptions{}); !says(err, syscall.ENOSPC) {
		t.Errorf("backup: %v", err)
	}
	wantWhole(t, s, n)
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	n += add(t, s, n)
	closeStore(t, s)
	s = mustOpenQuietly(t, path)
	wantWhole(t, s, n)
	closeStore(t, s)
}

// TestReadOnlyDisk takes the right to write from a store that is open.
func TestReadOnlyDisk(t *testing.T) {
	dir := os.Getenv(faulty)
	if dir == "" {
		again(t, t.TempDir(), mounting())
		return
	}
	mount(t, dir, 0, "size=4m")
	path := filepath.Join(dir, "store.db")
	s := mustOpenQuietly(t, path)
	n := add(t, s, 0)
	closeStore(t, s)
	mount(t, dir, syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=4m")
	if _, err := openQuietly(path); !errors.Is(err, syscall.EROFS) {
		t.Errorf("open: %v", err)
	}
	mount(t, dir, syscall.MS_REMOUNT, "size=4m")
	s = mustOpenQuietly(t, path)
	wantWhole(t, s, n)
	closeStore(t, s)
}
