//go:build linux

package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// faulty is the environment of a child that is to meet a fault.
const faulty = "OFFLINEAUTH_FAULTY_DIR"

// TestShortWrites has the system cut a write off in the middle of the file, as
// a quota does. It needs a process of its own: the limit is the process's.
func TestShortWrites(t *testing.T) {
	dir := os.Getenv(faulty)
	if dir == "" {
		again(t, t.TempDir(), nil)
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := func(bytes uint64) {
		t.Helper()
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "store.db")
	for _, bytes := range []uint64{600_001, 900_123} { // not at the end of a page
		s := mustOpenQuietly(t, path)
		n := len(accountsOf(t, s))
		limit(bytes)
		n += fillUntil(t, s, n, syscall.EFBIG)
		wantWhole(t, s, n)
		limit(before.Cur)
		n += add(t, s, n)
		wantWhole(t, s, n)
		closeStore(t, s)
		s = mustOpenQuietly(t, path)
		wantWhole(t, s, n)
		limit(bytes / 2) // less than there is: not even that it is closed can be written
		if err := s.Compact(t.Context(), nil); !says(err, syscall.EFBIG) {
			t.Errorf("compact: %v", err)
		}
		if err := s.Backup(t.Context(), path+".copy", store.BackupOptions{}); !says(err, syscall.EFBIG) {
			t.Errorf("backup: %v", err)
		}
		limit(before.Cur)
		wantWhole(t, s, n)
		closeStore(t, s)
		if left, _ := filepath.Glob(path + "*"); len(left) != 2 {
			t.Errorf("there are %q", left)
		}
	}
}

// again runs the test that calls it in a process of its own.
func again(t *testing.T, dir string, attributes *syscall.SysProcAttr) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), faulty+"="+dir)
	child.SysProcAttr = attributes
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func mustOpenQuietly(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := openQuietly(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func accountsOf(t *testing.T, s *store.Store) []store.Account {
	t.Helper()
	all, err := s.Accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(ctx context.Context, s *store.Store, n int) error {
	id := fmt.Sprintf("%06d", n)
	return s.Do(ctx, func(ctx context.Context) error {
		return s.Accounts.Put(ctx, store.Account{ID: id, Username: id, Name: strings.Repeat("x", 5000)})
	})
}

// fillUntil puts accounts until there is a fault four times in a row, which has to be
// told to the caller as what it is, each time; and returns how many were put. Once is not
// enough: pages that the commits before have freed may do for the next.
func fillUntil(t *testing.T, s *store.Store, from int, fault error) (n int) {
	t.Helper()
	for faults := 0; n < 10_000; {
		err := put(t.Context(), s, from+n)
		if err == nil {
			n, faults = n+1, 0
			continue
		}
		if !says(err, fault) {
			t.Fatalf("error is %v, want %v", err, fault)
		}
		if faults++; faults == 4 {
			return n
		}
	}
	t.Fatal("there was no fault")
	return n
}

// says is errors.Is, also for bbolt, which turns some errors into text.
func says(err, fault error) bool { return err != nil && strings.Contains(err.Error(), fault.Error()) }

func add(t *testing.T, s *store.Store, from int) int {
	t.Helper()
	for i := range 20 {
		if err := put(t.Context(), s, from+i); err != nil {
			t.Fatalf("after the fault: %v", err)
		}
	}
	return 20
}

// wantWhole fails the test unless the store has n accounts and is sound.
func wantWhole(t *testing.T, s *store.Store, n int) {
	t.Helper()
	if all := accountsOf(t, s); len(all) != n {
		t.Fatalf("%d accounts are there, %d were acknowledged", len(all), n)
	}
	if report, err := s.Check(t.Context(), nil); err != nil || len(report.Problems) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
}
