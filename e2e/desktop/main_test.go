//go:build linux && (dbus || systemd)

package desktop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/bustest"
)

// limit is the deadline of a story.
const limit = time.Minute

const (
	issuer   = "https://auth.example"
	appID    = "example.auth" // what install makes of it
	mathsID  = "com.example.maths"
	redirect = mathsID + ":/done"
)

// programs are what this test binary is beside the tests.
var programs = map[string]func(args []string) error{"maths": maths, "browser": browser, "empty": empty, "sandboxed": sandboxed}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && programs[os.Args[1]] != nil {
		if err := programs[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, os.Args[1]+":", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(withProgram(m))
}

// program is the real program, built once.
var program string

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "desktop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "offlineauth")
	build := exec.Command("go", "build", "-o", program, "github.com/offlineauth/offlineauth/cmd/offlineauth")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// A world is a desktop with the program installed on it.
type world struct {
	t   testing.TB
	ctx context.Context
	bus *bustest.Bus
	own string // this test binary
}

// note is the file in which the applications write what happened.
func note() string { return filepath.Join(os.Getenv("HOME"), "note") }

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH"))
	w := &world{t: t, ctx: ctx, bus: bustest.Start(t), own: own}
	w.run("offlineauth", "install", "--issuer", issuer)
	w.run("offlineauth", "account", "add", "--username", "amina", "--name", "Amina")
	w.run("offlineauth", "client", "add", "--id", "maths", "--name", "Maths", "--redirect-uri", redirect)
	return w
}

// run runs a command that must succeed, and returns what it printed.
func (w *world) run(command string, args ...string) string {
	w.t.Helper()
	out, err := w.try(command, args...)
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s", command, strings.Join(args, " "), err, out)
	}
	return out
}

func (w *world) try(command string, args ...string) (string, error) {
	out, err := exec.CommandContext(w.ctx, command, args...).CombinedOutput()
	w.t.Logf("$ %s %s\n%s", command, strings.Join(args, " "), out)
	return string(out), err
}

// install makes this test binary an application of the desktop.
func (w *world) install(id, name, scheme string, onBus bool) {
	w.t.Helper()
	dir := filepath.Join(os.Getenv("XDG_DATA_HOME"), "applications")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	entry := fmt.Sprintf("[Desktop Entry]\nType=Application\nName=%s\nExec=%s %s %%u\nDBusActivatable=%t\nMimeType=x-scheme-handler/%s;\n", name, w.own, name, onBus, scheme)
	if err := os.WriteFile(filepath.Join(dir, id+".desktop"), []byte(entry), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if onBus {
		w.bus.Install(w.t, id, w.own, name)
	}
	w.run("update-desktop-database", dir)
	w.run("gio", "mime", "x-scheme-handler/"+scheme, id+".desktop")
}

// awaitNote waits until an application has written a line that begins so.
func (w *world) awaitNote(begin string) string {
	w.t.Helper()
	for {
		text, _ := os.ReadFile(note())
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, begin) {
				return strings.TrimSpace(line)
			}
		}
		select {
		case <-w.ctx.Done():
			w.t.Fatalf("nobody wrote %q, but:\n%s", begin, text)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// write writes a line that the story waits for.
func write(format string, args ...any) error {
	f, err := os.OpenFile(note(), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, format+"\n", args...)
	return err
}
