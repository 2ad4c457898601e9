package install

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
)

func TestDefaultID(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://auth.example":            "example.auth",
		"https://Auth-App.Example:8443/t": "example.auth_app",
		"https://offlineauth.localhost":   "localhost.offlineauth",
		"https://intranet":                "intranet.offlineauth",
		"https://1.example":               "example._1",
	} {
		got := DefaultID(issuer)
		if _, err := ipcapi.ParseAddress("dbus:" + got); got != want || err != nil {
			t.Errorf("%s: %q, %v", issuer, got, err)
		}
	}
}

func example() App {
	return App{
		ID: "example.auth", Issuer: "https://auth.example", Scheme: "example.auth",
		Service: ipcapi.Service{{Scheme: ipcapi.DBus, Name: "example.auth"}, {Scheme: ipcapi.Unix, Path: "/run/user/1/100%.sock"}},
		Program: "/opt/My Apps/offlineauth", DataDir: `/home/a$"b`,
	}
}

func contents(t *testing.T, a App) map[string]string {
	t.Helper()
	files, err := a.Files(Dirs{Data: "/data", Config: "/config"})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		all[f.Path] = f.Content
	}
	return all
}

func TestFiles(t *testing.T) {
	all := contents(t, example())
	if got := all["/data/dbus-1/services/example.auth.service"]; got != `[D-BUS Service]
Name=example.auth
Exec="/opt/My Apps/offlineauth" serve --data "/home/a\\$\\"b" --idle-exit 1m0s
` {
		t.Errorf("the bus reads:\n%s", got)
	}
	var i client.Installation
	if err := json.Unmarshal([]byte(all["/config/offlineauth/issuers/auth.example.json"]), &i); err != nil || i.Issuer != "https://auth.example" ||
		i.IPCService != "dbus:example.auth,unix:/run/user/1/100%25.sock" || i.Application != "example.auth" || len(i.Start) != 6 {
		t.Errorf("clients read: %+v, %v", i, err)
	}
	if len(all) != 3 {
		t.Errorf("without systemd there are %d files", len(all))
	}
}

func TestUnits(t *testing.T) {
	a := example()
	a.Systemd = true
	all := contents(t, a)
	if got := all["/config/systemd/user/example.auth.service"]; !strings.Contains(got, `ExecStart="/opt/My Apps/offlineauth" "serve" "--data" "/home/a$$\"b" "--idle-exit" "1m0s" "--ipc" "dbus:example.auth"`) {
		t.Errorf("the service:\n%s", got)
	}
	if got := all["/config/systemd/user/example.auth.socket"]; !strings.Contains(got, "ListenStream=/run/user/1/100%%.sock\nSocketMode=0600\n") {
		t.Errorf("the socket:\n%s", got)
	}
	if got := all["/data/dbus-1/services/example.auth.service"]; !strings.HasSuffix(got, "\nSystemdService=example.auth.service\n") {
		t.Errorf("the bus reads:\n%s", got)
	}
}

func write(path string, content []byte) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600))
}

func TestWriteAndRemove(t *testing.T) {
	d := Dirs{Data: t.TempDir(), Config: t.TempDir()}
	const before = "[Default Applications]\ntext/html=a.desktop\n"
	if err := write(d.mimeApps(), []byte(before)); err != nil {
		t.Fatal(err)
	}
	a := example()
	for range 2 {
		if err := a.Write(d, write); err != nil {
			t.Fatal(err)
		}
	}
	if list, _ := read(d.mimeApps()); list != before+"x-scheme-handler/example.auth=example.auth.desktop;\n" {
		t.Errorf("the choices of applications:\n%s", list)
	}
	i, err := client.Installed{Dirs: []string{filepath.Join(d.Config, "offlineauth/issuers")}}.Find(a.Issuer)
	if err != nil || i.Application != a.ID {
		t.Errorf("a client finds %+v, %v", i, err)
	}
	removed, err := a.Remove(d, write)
	if err != nil || len(removed) != 3 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if list, _ := read(d.mimeApps()); list != before {
		t.Errorf("afterwards:\n%s", list)
	}
	filepath.WalkDir(d.Data, func(path string, entry fs.DirEntry, _ error) error {
		if !entry.IsDir() {
			t.Errorf("left behind: %s", path)
		}
		return nil
	})
	if removed, err := a.Remove(d, write); len(removed) != 0 || err != nil {
		t.Errorf("removed again: %v, %v", removed, err)
	}
}
