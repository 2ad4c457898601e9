//go:build linux && dbus

package secretservice

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/bustest"
	"github.com/offlineauth/offlineauth/store"
)

// runKeyring runs the keyring of GNOME as a login does, with its password. Nobody is
// there to answer its prompts. Debian has it in the package gnome-keyring.
func runKeyring(t *testing.T, bus *bustest.Bus) (stop func()) {
	t.Helper()
	daemon := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	daemon.Stdin = strings.NewReader("the person's password")
	return bus.Run(t, busName, daemon)
}

func TestGNOMEKeyring(t *testing.T) {
	runKeyring(t, startBus(t))
	rotates(t)

	k := Keys{Name: NewName(), Label: "offlineauth: a test"}
	wrapped := wrap(t, k)
	wantOpens(t, k, wrapped, nil)
	s, err := open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := s.call(t.Context(), root, ifService+".Lock", []any{[]dbus.ObjectPath{root + "/collection/login"}}, &locked, &prompt); err != nil {
		t.Fatal(err)
	}
	if state, err := k.Look(t.Context()); err != nil || state != (State{Found: true, Locked: true}) {
		t.Fatalf("%+v, %v", state, err)
	}
	wantOpens(t, k, wrapped, ErrDismissed) // no prompter can be started
}

// TestGNOMEKeyringAgrees many times: a session whose numbers begin with zeros is one in
// two hundred.
func TestGNOMEKeyringAgrees(t *testing.T) {
	runKeyring(t, startBus(t))
	k := Keys{Name: NewName()}
	wrapped := wrap(t, k)
	for range 600 {
		wantOpens(t, k, wrapped, nil)
	}
}

// TestGNOMEKeyringRestarts: a key outlives the program that keeps it, and not the
// keyring it is in.
func TestGNOMEKeyringRestarts(t *testing.T) {
	bus := startBus(t)
	stop := runKeyring(t, bus)
	k := Keys{Name: NewName()}
	wrapped := wrap(t, k)
	stop()
	wantOpens(t, k, wrapped, ErrUnavailable)
	stop = runKeyring(t, bus)
	wantOpens(t, k, wrapped, nil)
	stop()
	if err := os.RemoveAll(os.Getenv("XDG_DATA_HOME") + "/keyrings"); err != nil {
		t.Fatal(err)
	}
	runKeyring(t, bus)
	wantOpens(t, k, wrapped, store.ErrSealed)
}
