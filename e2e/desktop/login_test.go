//go:build linux && (dbus || systemd)

package desktop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
)

// TestLoginBetweenTwoApplications: nothing runs. Maths asks for a login; the desktop
// starts the authorization app, which asks the person in the browser; the desktop
// starts Maths with the redirect; Maths gets its token and reads userinfo.
func TestLoginBetweenTwoApplications(t *testing.T) {
	for _, way := range []string{"gio", "bus"} {
		t.Run(way, func(t *testing.T) {
			t.Setenv("PERSON", "accepts")
			w := newWorld(t)
			w.install(mathsID, "maths", mathsID, true)
			w.install("com.example.browser", "browser", "http", false)
			w.run(w.own, "maths", "login", way)
			w.awaitNote("page 200: ")
			if got := w.awaitNote("logged in as"); got != "logged in as amina" {
				t.Error(got)
			}
			if grants := w.run("offlineauth", "grant", "list", "--json"); !strings.Contains(grants, `"maths"`) {
				t.Errorf("no grant: %s", grants)
			}
			text, _ := os.ReadFile(note())
			t.Logf("what happened:\n%s", text)
		})
	}
}

// TestStartedFromTheMenu: the person starts the application by itself, and it shows
// their side; over the bus, and as desktops do that have none.
func TestStartedFromTheMenu(t *testing.T) {
	entry := func() string { return filepath.Join(os.Getenv("XDG_DATA_HOME"), "applications", appID+".desktop") }
	for way, command := range map[string]func() []string{
		"bus":  func() []string { return []string{"gapplication", "launch", appID} },
		"Exec": func() []string { return []string{"gio", "launch", entry()} },
	} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.install("com.example.browser", "browser", "http", false)
			w.run(command()[0], command()[1:]...)
			if page := w.awaitNote("page 200: "); !strings.Contains(page, "Apps that can sign in") {
				t.Error(page)
			}
		})
	}
}

func TestDeniedInTheBrowser(t *testing.T) {
	t.Setenv("PERSON", "denies")
	w := newWorld(t)
	w.install(mathsID, "maths", mathsID, true)
	w.install("com.example.browser", "browser", "http", false)
	w.run(w.own, "maths", "login", "gio")
	if got := w.awaitNote("maths failed"); !strings.Contains(got, "access_denied") {
		t.Error(got)
	}
}

// TestSpiedOnPage: the one-time address is used a second time, so nobody decides.
func TestSpiedOnPage(t *testing.T) {
	t.Setenv("PERSON", "is spied on")
	w := newWorld(t)
	w.install(mathsID, "maths", mathsID, true)
	w.install("com.example.browser", "browser", "http", false)
	w.run(w.own, "maths", "login", "bus")
	w.awaitNote("second use")
	if got := w.awaitNote("maths failed"); !strings.Contains(got, "access_denied") {
		t.Error(got)
	}
	w.awaitNote("page 410: ")
}

// TestInstall: what is installed is well-formed, known to the desktop, and can be
// taken away.
func TestInstall(t *testing.T) {
	w := newWorld(t)
	entry := filepath.Join(os.Getenv("XDG_DATA_HOME"), "applications", appID+".desktop")
	w.run("desktop-file-validate", entry)
	if got := w.run("gio", "mime", "x-scheme-handler/"+appID); !strings.Contains(got, appID+".desktop") {
		t.Errorf("links are for: %s", got)
	}
	if got := w.run("busctl", "--user", "list", "--activatable"); !strings.Contains(got, appID) {
		t.Errorf("the bus can start: %s", got)
	}
	if got := w.run("offlineauth", "uninstall"); !strings.Contains(got, entry) {
		t.Errorf("it removed: %s", got)
	}
	for _, dir := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME"} {
		filepath.WalkDir(os.Getenv(dir), func(path string, d os.DirEntry, err error) error {
			if text, _ := os.ReadFile(path); strings.Contains(filepath.Base(path), appID) || strings.Contains(string(text), appID+".desktop") {
				t.Errorf("left behind: %s", path)
			}
			return err
		})
	}
	if _, err := w.try("offlineauth", "uninstall"); err == nil {
		t.Error("uninstalled twice")
	}
}

// TestRequestByName: the program's own client knows the app that is installed.
func TestRequestByName(t *testing.T) {
	w := newWorld(t)
	transport, err := dbusipc.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err := fetch(w.ctx, transport, issuer+"/.well-known/oauth-authorization-server")
	var metadata struct{ Issuer string }
	if err != nil || status != 200 || json.Unmarshal(body, &metadata) != nil || metadata.Issuer != issuer {
		t.Errorf("%d %s %v", status, body, err)
	}
	if status, _, err := fetch(w.ctx, transport, issuer+"/v1/clients"); status != 404 {
		t.Errorf("the person's side answers on the bus: %d %v", status, err)
	}
}
