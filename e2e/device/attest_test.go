//go:build linux

package device_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// seen is the identity that the service at a saw when pkg ran a command.
func seen(t *testing.T, d *device.Device, out *output, pkg string, command ...string) string {
	t.Helper()
	if err := run(t, d, pkg, command...); err != nil {
		t.Fatalf("%s: %v", pkg, err)
	}
	lines := out.lines()
	last := lines[len(lines)-1]
	return last[strings.IndexByte(last, '"'):]
}

func TestAttestation(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		stream, message := service(t, d, "serve")
		for _, pkg := range []string{maths, evil} {
			out := install(t, d, device.App{Package: pkg})
			want := fmt.Sprintf("%q", "android:"+pkg+"#"+digest(pkg))
			for _, command := range [][]string{
				{"testapp", "call", stream.String()},
				{"testapp", "call", message.String()},
				{"testapp", "child", "child", "call", stream.String()},
				{"setsid", "--wait", "testapp", "call", stream.String()},
			} {
				if got := seen(t, d, out, pkg, command...); got != want {
					t.Errorf("%s: %v: attested as %s, want %s", pkg, command, got, want)
				}
			}
		}
		text, err := get(waiting(t), stream, "/")
		if err != nil || !strings.HasSuffix(text, ` ""`) {
			t.Errorf("a process of no app: %q, error %v", text, err)
		}
	})
}

// What a program sees that knows nothing of the device.
func TestAttestationByUID(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		stream, _ := service(t, d, "serve-uid")
		for _, pkg := range []string{maths, evil} {
			out := install(t, d, device.App{Package: pkg})
			uid, own, err := d.UID(pkg)
			if err != nil {
				t.Fatal(err)
			}
			want := `""`
			if own {
				want = fmt.Sprintf("%q", fmt.Sprint("uid:", uid))
			}
			if got := seen(t, d, out, pkg, "testapp", "call", stream.String()); got != want {
				t.Errorf("%s: attested as %s, want %s", pkg, got, want)
			}
			if own && (os.Geteuid() != 0 || opts.SharedUID) || !own && uid != os.Getuid() {
				t.Errorf("%s: uid %d, own %v, as user %d", pkg, uid, own, os.Geteuid())
			}
		}
	})
}

func TestAttestorOfDeadProcess(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	install(t, d, device.App{Package: maths})
	p, err := d.Start(maths, "cat")
	if err != nil {
		t.Fatal(err)
	}
	attest := device.Attestor(d.Socket())
	identity := func(c ipcapi.Caller) string {
		t.Helper()
		identity, err := attest(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}
	uid := os.Getuid()
	if got := identity(ipcapi.Caller{PID: p.PID(), UID: uid}); !strings.HasPrefix(got, "android:"+maths+"#") {
		t.Errorf("alive: %q", got)
	}
	for _, c := range []ipcapi.Caller{{PID: p.PID(), UID: uid + 1}, {PID: os.Getpid(), UID: uid}, {PID: 1, UID: 0}, {PID: -1, UID: -1}, {PID: 0, UID: uid}} {
		if got := identity(c); got != "" {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if err := d.Kill(waiting(t), maths); err != nil {
		t.Fatal(err)
	}
	if got := identity(ipcapi.Caller{PID: p.PID(), UID: uid}); got != "" {
		t.Errorf("dead: %q", got)
	}
	d.Close()
	if identity, err := attest(t.Context(), ipcapi.Caller{PID: 1}); err == nil {
		t.Errorf("with the device closed: %q and no error", identity)
	}
}
