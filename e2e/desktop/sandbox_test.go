//go:build linux && (dbus || systemd)

package desktop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// sandboxed runs maths as Flatpak runs an app, as far as the desktop can tell: in a
// root of its own, in which nobody can change what .flatpak-info says. The root is
// the home of the test, where the bus is.
func sandboxed(args []string) error {
	if err := syscall.Chroot(os.Getenv("HOME")); err != nil {
		return err
	}
	for variable, dir := range map[string]string{"HOME": "/", "XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/config", "XDG_STATE_HOME": "/state", "XDG_RUNTIME_DIR": "/run"} {
		os.Setenv(variable, dir)
	}
	os.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus")
	return errors.Join(os.Chdir("/"), syscall.Exec("/maths", append([]string{"/maths", "maths"}, args...), os.Environ()))
}

// newSandboxedWorld is a world with the root of an app of that id, as which maths is
// registered.
func newSandboxedWorld(t *testing.T) *world {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this test changes the root of a process: run it as root, or by «unshare -r»")
	}
	home := os.Getenv("HOME") // where Go has its cache
	w := newWorld(t)
	w.run("offlineauth", "client", "add", "--replace", "--id", "maths", "--name", "Maths", "--redirect-uri", redirect, "--app", "flatpak:"+mathsID)
	w.install("com.example.browser", "browser", "http", false)
	if err := os.WriteFile(filepath.Join(w.bus.Home, ".flatpak-info"), []byte("[Application]\nname="+mathsID+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// This test binary, but without libraries: there are none in that root.
	build := exec.CommandContext(w.ctx, "go", "test", "-c", "-tags", "dbus", "-o", filepath.Join(w.bus.Home, "maths"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "HOME="+home)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return w
}

// TestDeliveredToTheSandboxedApp: the redirect goes straight to the app that the
// system attests, by its name on the bus. No link handler could take it: there is none.
func TestDeliveredToTheSandboxedApp(t *testing.T) {
	t.Setenv("PERSON", "accepts")
	w := newSandboxedWorld(t)
	w.bus.Install(t, mathsID, w.own, "sandboxed")
	w.run(w.own, "sandboxed", "login", "bus")
	if page := w.awaitNote("page 200: "); !strings.Contains(page, "Maths") {
		t.Error(page)
	}
	if got := w.awaitNote("logged in as"); got != "logged in as amina" {
		t.Error(got)
	}
	if log := w.run("offlineauth", "activity", "--json"); !strings.Contains(log, "flatpak:"+mathsID) {
		t.Errorf("the audit trail does not say which app it was: %s", log)
	}
}

// TestNotDeliveredToAnother: a process that has the app's name on the bus, and is not
// the app, gets no redirect.
func TestNotDeliveredToAnother(t *testing.T) {
	t.Setenv("PERSON", "accepts")
	w := newSandboxedWorld(t)
	w.bus.Install(t, mathsID, w.own, "maths") // outside of the sandbox
	w.run(w.own, "sandboxed", "login", "bus")
	w.awaitNote("page 200: ")
	if page := w.awaitNote("page 409: "); !strings.Contains(page, "another process is in the place of the app") {
		t.Error(page)
	}
	if text, _ := os.ReadFile(note()); strings.Contains(string(text), "maths failed") || strings.Contains(string(text), "logged in") {
		t.Errorf("it got something:\n%s", text)
	}
}
