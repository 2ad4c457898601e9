//go:build linux

// Package bustest gives a test a session bus of its own, which starts services as
// that of a desktop does. It needs the program dbus-daemon.
package bustest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// A Bus is a session bus, and the directories of the user whose it is. They are
// also in the environment of the test: DBUS_SESSION_BUS_ADDRESS, HOME and the XDG
// base directories.
type Bus struct {
	Address string
	Home    string
}

// Start starts a bus that ends with the test. env is added to the environment of
// the services that the bus starts.
func Start(t testing.TB, env ...string) *Bus {
	t.Helper()
	home, err := os.MkdirTemp("", "bus") // short enough for sockets in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	for variable, dir := range map[string]string{
		"HOME": "", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run",
	} {
		dir = filepath.Join(home, dir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable, dir)
	}
	if err := os.MkdirAll(filepath.Join(home, "data/dbus-1/services"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := &Bus{Home: home}
	b.run(t, env)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", b.Address)
	return b
}

func (b *Bus) run(t testing.TB, env []string) {
	t.Helper()
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address", "--address=unix:path="+filepath.Join(b.Home, "run/bus"))
	daemon.Env = append(os.Environ(), env...)
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatalf("%v (Debian has it in the package dbus-daemon)", err)
	}
	t.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the bus did not start: %v", err)
	}
	b.Address = strings.TrimSpace(line)
}

// Install lets the bus start a command for whoever calls name.
func (b *Bus) Install(t testing.TB, name string, command ...string) {
	t.Helper()
	text := fmt.Sprintf("[D-BUS Service]\nName=%s\nExec=%s\n", name, strings.Join(command, " "))
	if err := os.WriteFile(filepath.Join(b.Home, "data/dbus-1/services", name+".service"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Shadow lets the bus start nothing for whoever calls one of the names, whatever is
// installed on this machine.
func (b *Bus) Shadow(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		b.Install(t, name, "/bin/false")
	}
	if err := b.connect(t).BusObject().Call("org.freedesktop.DBus.ReloadConfig", 0).Err; err != nil {
		t.Fatal(err)
	}
}

// Run runs a program that takes a name, and returns when it has. It ends with the test,
// or when stop is called.
func (b *Bus) Run(t testing.TB, name string, program *exec.Cmd) (stop func()) {
	t.Helper()
	conn := b.connect(t)
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	if err := conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name)); err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); program.Wait() }()
	stop = func() { program.Process.Kill(); <-ended }
	t.Cleanup(stop)
	for {
		select {
		case s := <-signals:
			if s.Body[0] == name && s.Body[2] != "" {
				return stop
			}
		case <-ended:
			t.Fatalf("%s has ended without taking the name %s: %v", program.Path, name, program.ProcessState)
		case <-t.Context().Done():
			t.Fatalf("%s has not taken the name %s", program.Path, name)
		}
	}
}

func (b *Bus) connect(t testing.TB) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(b.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
