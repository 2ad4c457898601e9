//go:build linux && systemd

package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// manager runs a systemd of this user, in a mount namespace in which the machine was
// booted with systemd.
const manager = `mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && exec /usr/lib/systemd/systemd --user --log-target=null`

// startManager starts it, with the directories of the test. It has the session bus.
func startManager(t *testing.T) {
	t.Helper()
	home, err := os.MkdirTemp("", "sd")
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
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+home+"/run/bus")
	if err := os.MkdirAll("/run/systemd", 0o755); err != nil {
		t.Fatal(err)
	}
	systemd := exec.Command("unshare", "--mount", "sh", "-c", manager)
	systemd.Stderr = os.Stderr
	if err := systemd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exec.Command("systemctl", "--user", "exit").Run()
		ended := make(chan struct{})
		go func() { systemd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			systemd.Process.Signal(syscall.SIGKILL)
			<-ended
		}
	})
	for deadline := time.Now().Add(limit); exec.Command("systemctl", "--user", "is-active", "sockets.target").Run() != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("systemd does not start")
		}
	}
}

// mainPID is the process of the server's unit; "0" if none runs.
func (w *world) mainPID() string {
	w.t.Helper()
	return strings.TrimSpace(w.run("systemctl", "--user", "show", "--property=MainPID", "--value", appID+".service"))
}

// TestSystemdUserUnits: systemd holds the socket and starts the server for who connects;
// it starts it, and not another one, for who calls on the bus.
func TestSystemdUserUnits(t *testing.T) {
	startManager(t)
	t.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH"))
	w := &world{t: t, ctx: t.Context()}
	socket := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "offlineauth/auth.sock")}
	w.run("offlineauth", "install", "--issuer", issuer, "--ipc", socket.String(), "--ipc", address.String())
	w.run("offlineauth", "account", "add", "--username", "amina", "--name", "Amina")
	for _, unit := range []string{appID + ".service", appID + ".socket"} {
		w.run("systemd-analyze", "--user", "verify", filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "systemd/user", unit))
	}
	if pid := w.mainPID(); pid != "0" {
		t.Errorf("before anybody asks process %s runs", pid)
	}
	bySocket, err := (&unixipc.Dialer{Address: socket}).Transport()
	if err != nil {
		t.Fatal(err)
	}
	byBus, err := dbusipc.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	const metadata = issuer + "/.well-known/oauth-authorization-server"
	if status, body, err := fetch(w.ctx, bySocket, metadata); status != 200 || err != nil {
		t.Fatalf("by the socket: %d %s %v", status, body, err)
	}
	first := w.mainPID()
	if status, _, err := fetch(w.ctx, byBus, metadata); status != 200 || err != nil || w.mainPID() != first || first == "0" {
		t.Errorf("on the bus: %d, %v, by process %s, and %s before", status, err, w.mainPID(), first)
	}
	w.run("systemctl", "--user", "stop", appID+".service")
	if status, body, err := fetch(w.ctx, byBus, metadata); status != 200 || err != nil {
		t.Fatalf("started for a call on the bus: %d %s %v", status, body, err)
	}
	if second := w.mainPID(); second == first || second == "0" {
		t.Errorf("process %s, and %s before", second, first)
	}
	w.run("offlineauth", "doctor")
	w.run("offlineauth", "uninstall")
	if out, err := w.try("systemctl", "--user", "is-active", appID+".socket"); err == nil {
		t.Errorf("the socket is %s", out)
	}
}
