//go:build linux

package device_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/linkhandler"
)

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// goroutines counts those that run this package's code.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Count(stacks, []byte("/e2e/device.(*"))
}

// lives reports whether a process runs; a dead one that init has not yet waited
// for does not.
func lives(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// eventually waits for what the kernel or the runtime does in its own time and
// tells nobody.
func eventually(done func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); runtime.Gosched() {
		if done() {
			return true
		}
	}
	return false
}

// gone waits for the kernel to take away what was killed.
func gone(pid int) bool { return eventually(func() bool { return !lives(pid) }) }

func TestCloseLeavesNothing(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		newDevice(t, opts).Close() // so that what is opened once is open
		open := descriptors(t)
		d := newDevice(t, opts)
		stream, message := service(t, d, "serve")
		out := install(t, d, device.App{Package: maths})
		pids := []int{server(t, stream)}
		p, err := d.Start(maths, "sh", "-c", `trap "" TERM; sleep 1000 & echo $!; read line; wait`)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, p.PID(), child(t, out))
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		for _, pid := range pids {
			if !gone(pid) {
				t.Errorf("process %d of %d lives", pid, pids)
			}
		}
		for _, path := range []string{stream.Path, message.Path, d.Socket()} {
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there", path)
			}
		}
		if n := goroutines(); n > 0 {
			t.Errorf("%d goroutines run", n)
		}
		if !eventually(func() bool { return descriptors(t) <= open }) { // the test's own clients close theirs in the background
			t.Errorf("%d descriptors are open, %d were", descriptors(t), open)
		}
		if err := d.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

// child waits for the first line that an app prints, a process number.
func child(t *testing.T, out *output) (pid int) {
	t.Helper()
	if !eventually(func() (ok bool) { pid, ok = number(out); return ok }) {
		t.Fatal("the app printed no process number")
	}
	return pid
}

func number(out *output) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(out.String()))
	return n, err == nil && strings.HasSuffix(out.String(), "\n")
}

func TestClosedDevice(t *testing.T) {
	d := newDevice(t, device.Options{})
	install(t, d, linkApp(maths, "com.example.maths"))
	d.Close()
	if _, err := d.Start(maths, "true"); !errors.Is(err, device.ErrClosed) {
		t.Errorf("start: %v", err)
	}
	if err := d.Launch(t.Context(), linkhandler.Launch{URI: "com.example.maths:/"}); !errors.Is(err, device.ErrClosed) {
		t.Errorf("launch: %v", err)
	}
}

// What an app left running in the background ends with it.
func TestDescendantsEndWithTheirApp(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		out := install(t, d, device.App{Package: maths})
		if err := run(t, d, maths, "sh", "-c", "sleep 1000 & echo $!"); err != nil {
			t.Fatal(err)
		}
		if pid := child(t, out); !gone(pid) {
			t.Errorf("process %d lives", pid)
		}
	})
}

func TestStart(t *testing.T) {
	d := newDevice(t, device.Options{})
	install(t, d, device.App{Package: maths})
	for _, command := range [][]string{{}, {"no-such-program"}, {"/no/such/program"}, {"/"}} {
		before := descriptors(t)
		if p, err := d.Start(maths, command...); err == nil {
			t.Errorf("%q: started as %d", command, p.PID())
		}
		if after := descriptors(t); after > before {
			t.Errorf("%q: %d descriptors are open, %d were", command, after, before)
		}
	}
	if err := d.Kill(t.Context(), evil); !errors.Is(err, device.ErrNoApp) {
		t.Errorf("kill what is not installed: %v", err)
	}
	p, err := d.Start(maths, "cat")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Kill(waiting(t), maths); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(waiting(t)); err == nil || err.Error() != "signal: "+syscall.SIGKILL.String() {
		t.Errorf("killed: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := device.New(filepath.Join(t.TempDir(), strings.Repeat("long", 30)), device.Options{}); err == nil {
		t.Error("a path too long for sockets")
	}
	if _, err := device.New(t.TempDir(), device.Options{SharedUID: true, Opener: "/bin/true"}); err == nil || !strings.Contains(err.Error(), "device.Main") {
		t.Errorf("a program that does not call Main: %v", err)
	}
	d := newDevice(t, device.Options{})
	if _, err := device.New(filepath.Dir(d.Socket()), device.Options{}); err == nil {
		t.Error("two devices in one directory")
	}
	_, err := device.New(t.TempDir(), device.Options{}) // below a directory of this user alone
	if root := os.Geteuid() == 0; root && !errors.Is(err, syscall.EACCES) || !root && err != nil {
		t.Errorf("a directory that apps cannot reach, as user %d: %v", os.Geteuid(), err)
	}
}
