//go:build linux

package client_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// install writes the file of an issuer.
func install(t *testing.T, dir string, i client.Installation) string {
	t.Helper()
	text, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, client.InstallationFile(i.Issuer))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestInstalled(t *testing.T) {
	home, system := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("XDG_CONFIG_DIRS", "relative:"+system)
	const mine, everyones = "https://mine.example/t/1", "https://all.example"
	install(t, home+"/offlineauth/issuers", client.Installation{Issuer: mine, IPCService: "dbus:example.mine,unix:/run/mine"})
	install(t, system+"/offlineauth/issuers", client.Installation{Issuer: mine, IPCService: "dbus:example.other"})
	install(t, system+"/offlineauth/issuers", client.Installation{Issuer: everyones, IPCService: "dbus:example.all"})
	var i client.Installed
	for issuer, want := range map[string]string{mine: "dbus:example.mine,unix:/run/mine", everyones: "dbus:example.all", "https://none.example": ""} {
		if got, err := i.Resolve(t.Context(), issuer); got.String() != want || err != nil {
			t.Errorf("%s is at %q, %v", issuer, got, err)
		}
	}
	other := ipcapi.Service{{Scheme: ipcapi.DBus, Name: "example.other"}}
	if got, err := i.Verify(t.Context(), mine, other); err == nil {
		t.Errorf("accepted %s", got)
	}
	both := append(other, ipcapi.Address{Scheme: ipcapi.DBus, Name: "example.mine"})
	if got, err := i.Verify(t.Context(), mine, both); got.String() != "dbus:example.mine" || err != nil {
		t.Errorf("accepted %q, %v", got, err)
	}
	if _, err := i.Find("https://none.example"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing is installed: %v", err)
	}
	if got, err := i.Verify(t.Context(), "https://none.example", both); err == nil {
		t.Errorf("accepted %s for an issuer that is not installed", got)
	}
}

// TestInstalledByStrangers: a file that others can write says nothing.
func TestInstalledByStrangers(t *testing.T) {
	const issuer = "https://mine.example"
	for name, spoil := range map[string]func(dir, file string) error{
		"a file that all may write":      func(_, file string) error { return os.Chmod(file, 0o666) },
		"a directory that all may write": func(dir, _ string) error { return os.Chmod(dir, 0o777) },
		"a link": func(dir, file string) error {
			return errors.Join(os.Rename(file, dir+"/elsewhere"), os.Symlink("elsewhere", file))
		},
		"about another issuer": func(_, file string) error {
			return os.WriteFile(file, []byte(`{"issuer":"https://other.example","ipc_service":"dbus:a.b"}`), 0o600)
		},
		"no JSON": func(_, file string) error { return os.WriteFile(file, []byte("{"), 0o600) },
		"no service": func(_, file string) error {
			return os.WriteFile(file, []byte(`{"issuer":"https://mine.example"}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := install(t, dir, client.Installation{Issuer: issuer, IPCService: "dbus:a.b"})
			i := client.Installed{Dirs: []string{dir}}
			if got, err := i.Resolve(t.Context(), issuer); len(got) != 1 || err != nil {
				t.Fatalf("before: %v, %v", got, err)
			}
			if err := spoil(dir, file); err != nil {
				t.Fatal(err)
			}
			if got, err := i.Resolve(t.Context(), issuer); len(got) > 0 || err == nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
