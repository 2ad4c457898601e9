//go:build linux

package device_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
)

func TestInstallRefuses(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	install(t, d, device.App{Package: auth, Hosts: []string{"auth.example.org"}})
	command := []string{"testapp", "serve"}
	for name, app := range map[string]device.App{
		"no package":          {Certificate: digest(maths)},
		"package of one word": {Package: "maths", Certificate: digest(maths)},
		"package with a path": {Package: "com.example/../../x", Certificate: digest(maths)},
		"no certificate":      {Package: maths},
		"upper case digest":   {Package: maths, Certificate: strings.ToUpper(digest(maths))},
		"no service command":  {Package: maths, Certificate: digest(maths), Services: []ipcapi.Address{d.Address(ipcapi.Unix, "x")}},
		"abstract service":    {Package: maths, Certificate: digest(maths), ServiceCommand: command, Services: []ipcapi.Address{{Scheme: ipcapi.UnixAbstract, Name: "x"}}},
		"relative service":    {Package: maths, Certificate: digest(maths), ServiceCommand: command, Services: []ipcapi.Address{{Scheme: ipcapi.Unix, Path: "x"}}},
		"long service":        {Package: maths, Certificate: digest(maths), ServiceCommand: command, Services: []ipcapi.Address{d.Address(ipcapi.Unix, strings.Repeat("x", 100))}},
	} {
		if err := d.Install(app); err == nil {
			t.Errorf("%s: installed", name)
		}
	}
	if err := d.Install(device.App{Package: auth, Certificate: digest(evil)}); !errors.Is(err, device.ErrInstalled) {
		t.Errorf("a second of that name: %v", err)
	}
	if err := d.Install(device.App{Package: evil, Certificate: digest(evil), Hosts: []string{"AUTH.example.org"}}); !errors.Is(err, device.ErrHostClaimed) {
		t.Errorf("a second claim of a host: %v", err)
	}
	if _, err := d.Start(maths, "true"); !errors.Is(err, device.ErrNoApp) {
		t.Errorf("an app that was refused starts: %v", err)
	}
	d.Close()
	if err := d.Install(device.App{Package: maths, Certificate: digest(maths)}); !errors.Is(err, device.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// A refused installation leaves no socket open.
func TestInstallIsUndone(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	first := d.Address(ipcapi.Unix, "first")
	taken := d.Address(ipcapi.Unix, "taken")
	install(t, d, device.App{Package: auth, ServiceCommand: []string{"testapp", "serve"}, Services: []ipcapi.Address{taken}})
	before := descriptors(t)
	err := d.Install(device.App{Package: maths, Certificate: digest(maths), ServiceCommand: []string{"true"}, Services: []ipcapi.Address{first, taken}})
	if err == nil {
		t.Fatal("two services at one address")
	}
	if _, err := os.Lstat(first.Path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the first socket is still there")
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
	server := []ipcapi.Address{taken}
	if _, err := get(waiting(t), server[0], "/"); err != nil {
		t.Errorf("the installed service: %v", err)
	}
}

func TestAppsHaveTheirOwnPlace(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		out := install(t, d, device.App{Package: maths, Env: []string{"EXTRA=1", "LANG=C"}})
		if err := run(t, d, maths, "sh", "-c", `touch "$HOME/mine" "$XDG_RUNTIME_DIR/mine"; id -u; pwd; echo "$EXTRA$LANG"; echo $HOME`); err != nil {
			t.Fatal(err)
		}
		_, own, _ := d.UID(maths)
		lines := out.lines()
		if len(lines) != 4 || lines[1] != lines[3] || lines[2] != "1C" || own && lines[0] != "10001" {
			t.Errorf("the app saw %q", lines)
		}
		install(t, d, device.App{Package: evil})
		err := run(t, d, evil, "sh", "-c", "ls "+lines[3]+" 2>/dev/null")
		if own && err == nil {
			t.Error("another app lists the files of this one")
		}
		env, err := d.Environ(maths)
		if err != nil || !slices.Contains(env, "HOME="+lines[3]) || !slices.Contains(env, device.SocketVariable+"="+d.Socket()) {
			t.Errorf("environment %q, error %v", env, err)
		}
	})
}

func TestLog(t *testing.T) {
	d := newDevice(t, device.Options{})
	if err := d.Install(device.App{Package: maths, Certificate: digest(maths)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := run(t, d, maths, "sh", "-c", "echo out; echo err >&2"); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(d.Log(maths)); string(text) != "out\nerr\nout\nerr\n" {
		t.Errorf("log %q, error %v", text, err)
	}
}

func TestProvide(t *testing.T) {
	d := newDevice(t, device.Options{})
	install(t, d, device.App{Package: maths})
	private := filepath.Join(t.TempDir(), "program") // in a directory of this user alone
	if err := os.WriteFile(private, []byte("#!/bin/sh\nexit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(private, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seven", "also-seven"} {
		if _, err := d.Provide(name, link); err != nil {
			t.Fatal(err)
		}
		if err := run(t, d, maths, name); err == nil || err.Error() != "exit status 7" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Provide("seven", link); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same name again: %v", err)
	}
	for _, name := range []string{"", "a/b", "../x"} {
		if _, err := d.Provide(name, link); err == nil {
			t.Errorf("%q was provided", name)
		}
	}
	if _, err := d.Provide("none", private+"-not-there"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}
