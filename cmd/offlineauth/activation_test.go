//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// passSockets is the program pass-sockets: it listens at the address $PASS, and
// becomes the rest of its command line with that socket passed as systemd does.
func passSockets() {
	if err := passTo(os.Getenv("PASS"), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func passTo(address string, command []string) error {
	a, err := ipcapi.ParseAddress(address)
	if err != nil {
		return err
	}
	l, err := unixipc.Listen(a)
	if err != nil {
		return err
	}
	file, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return err
	}
	if err := syscall.Dup3(int(file.Fd()), firstPassed, 0); err != nil {
		return err
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	env := append(os.Environ(), "LISTEN_FDS=1", "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	return syscall.Exec(program, command, env)
}

func TestActivatedIsForThisProcessAlone(t *testing.T) {
	for name, pid := range map[string]string{"missing": "", "foreign": strconv.Itoa(os.Getppid()), "malformed": "x"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LISTEN_PID", pid)
			t.Setenv("LISTEN_FDS", "1")
			t.Setenv("LISTEN_FDNAMES", "a")
			listeners, err := activated()
			if err != nil || len(listeners) != 0 {
				t.Errorf("got %v, %v", listeners, err)
			}
			for _, variable := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
				if _, set := os.LookupEnv(variable); set {
					t.Errorf("a child would see %s", variable)
				}
			}
		})
	}
}

func TestActivatedRefuses(t *testing.T) {
	for name, count := range map[string]string{"no number": "two", "negative": "-1", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
			t.Setenv("LISTEN_FDS", count)
			if listeners, err := activated(); err == nil || !strings.Contains(err.Error(), "LISTEN_FDS") {
				t.Errorf("got %v, %v", listeners, err)
			}
		})
	}
}

// descriptor gives the test a descriptor that passed may close.
func descriptor(t *testing.T, file interface{ File() (*os.File, error) }) int {
	t.Helper()
	f, err := file.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestPassed(t *testing.T) {
	for _, scheme := range []ipcapi.Scheme{ipcapi.Unix, ipcapi.UnixSeqpacket} {
		want := ipcapi.Address{Scheme: scheme, Path: t.TempDir() + "/s"}
		own, err := unixipc.Listen(want)
		if err != nil {
			t.Fatal(err)
		}
		l, err := passed(descriptor(t, own.(interface{ File() (*os.File, error) })))
		if err != nil {
			t.Fatal(err)
		}
		if got := addressOf(l); got != want {
			t.Errorf("listens at %v, want %v", got, want)
		}
		l.Close()
		if _, err := os.Stat(want.Path); err != nil {
			t.Errorf("the system's socket was removed: %v", err)
		}
		own.Close()
	}
}

func TestPassedRefuses(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	if l, err := passed(descriptor(t, tcp.(*net.TCPListener))); err == nil || !strings.Contains(err.Error(), "not a unix socket") {
		t.Errorf("a TCP socket: %v, %v", l, err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(int(file.Fd()))
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	if l, err := passed(fd); err == nil {
		t.Errorf("a file: %v", l)
	}
	if l, err := passed(-1); err == nil {
		t.Errorf("nothing: %v", l)
	}
}
