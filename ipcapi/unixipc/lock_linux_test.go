package unixipc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"golang.org/x/sys/unix"
)

// Anybody who can read a directory, such as /tmp, can hold a lock on it.
func TestLockedDirectoryDoesNotMatter(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	dir, err := os.Open(filepath.Dir(a.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if left, err := os.ReadDir(dir.Name()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestLockIsWaitedForWithinLimits(t *testing.T) {
	path := addressFor(t, ipcapi.Unix).Path
	unlock, err := lockPath(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := lockPath(short, path); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), path+".lock: end it") {
		t.Errorf("held: %v", err)
	}
	unlock()
	again, err := lockPath(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// What a process that died left is taken over; what others could lock is not.
func TestLockFileInTheWay(t *testing.T) {
	tests := []struct {
		name  string
		make  func(lock string) error
		sound bool
	}{
		{"left behind", func(lock string) error { return os.WriteFile(lock, nil, 0o600) }, true},
		{"readable by others", func(lock string) error { return errors.Join(os.WriteFile(lock, nil, 0o600), os.Chmod(lock, 0o644)) }, false},
		{"symbolic link", func(lock string) error { return os.Symlink("elsewhere", lock) }, false},
		{"pipe", func(lock string) error { return unix.Mkfifo(lock, 0o600) }, false},
		{"directory", func(lock string) error { return os.Mkdir(lock, 0o700) }, false},
	}
	if os.Geteuid() == 0 { // only root can give a file away
		tests = append(tests, struct {
			name  string
			make  func(lock string) error
			sound bool
		}{"of another user", func(lock string) error { return errors.Join(os.WriteFile(lock, nil, 0o600), os.Chown(lock, 10012, -1)) }, false})
	}
	for _, test := range tests {
		a := addressFor(t, ipcapi.Unix)
		if err := test.make(a.Path + ".lock"); err != nil {
			t.Fatal(err)
		}
		l, err := Listen(a)
		if (err == nil) != test.sound || err != nil && !strings.Contains(err.Error(), "choose a directory") {
			t.Errorf("%s: %v", test.name, err)
		}
		if err == nil {
			l.Close()
		}
	}
}
