//go:build linux

package device_test

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/device"
)

// The program that runs is a process of its own, with and without root. A kernel
// that refuses namespaces makes it say so and go on.
func TestOffline(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		out := install(t, d, device.App{Package: maths})
		uid, _, err := d.UID(maths)
		if err != nil {
			t.Fatal(err)
		}
		if err := run(t, d, maths, "testapp", "offline"); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if text != fmt.Sprintln("offline: true true uid", uid) && (namespaces() || !strings.HasPrefix(text, "online: ")) {
			t.Errorf("printed %q", text)
		}
	})
}

// namespaces reports whether the kernel gives this user a network namespace, by
// another way than Offline's.
func namespaces() bool {
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET}
	return cmd.Run() == nil
}

func TestOfflinePassesTheExitCodeOn(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	install(t, d, device.App{Package: maths})
	for command, want := range map[string]string{"exit": "exit status 7", "killed": "exit status 137"} {
		if err := run(t, d, maths, "testapp", "offline", command); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
}

func TestCheckOffline(t *testing.T) {
	if err := device.CheckOffline(); err != nil && !errors.Is(err, device.ErrOnline) {
		t.Error(err)
	}
}
