//go:build linux && (dbus || systemd)

package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const secretService = "org.freedesktop.secrets"

// TestKeyInTheKeyring moves the key of an installed app into the desktop's keyring while
// its server runs, loses it, and gets its people back from a backup with a passphrase.
func TestKeyInTheKeyring(t *testing.T) {
	w := newWorld(t)
	data := filepath.Join(os.Getenv("XDG_DATA_HOME"), "offlineauth")
	keyFile := filepath.Join(data, "offlineauth.db.key")
	w.bus.Shadow(t, secretService, "org.gnome.keyring.SystemPrompter")
	stopKeyring := w.runKeyring()
	stopServer := w.bus.Run(t, appID, exec.CommandContext(w.ctx, "offlineauth", "serve"))
	if out := w.run("offlineauth", "rekey", "--keys", "secret-service"); !strings.Contains(out, "under new keys") {
		t.Fatal(out)
	}
	if _, err := os.Stat(keyFile); err == nil {
		t.Fatal("the key file is still there")
	}
	w.run("offlineauth", "rekey")
	w.wantDoctor("key is in the keyring of the desktop")
	passphrase := filepath.Join(w.bus.Home, "passphrase")
	if err := os.WriteFile(passphrase, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	copied, portable := filepath.Join(w.bus.Home, "copy"), filepath.Join(w.bus.Home, "portable")
	w.run("offlineauth", "backup", copied)
	w.run("offlineauth", "backup", "--passphrase-file", passphrase, portable)
	w.run("offlineauth", "restore", copied)
	w.wantAmina("through the server")
	stopServer()
	w.wantAmina("by opening the directory")

	w.run("gdbus", "call", "--session", "--dest", secretService, "--object-path", "/org/freedesktop/secrets",
		"--method", "org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/collection/login']")
	w.wantDoctor("which is locked")
	w.wantFailure("unlock it and try again", "account", "list")
	stopKeyring()
	w.wantFailure("restore --keys file", "account", "list")
	w.wantFailure("cannot be reached", "rekey", "--keys", "secret-service")
	w.wantFailure("restore --keys file", "restore", "--passphrase-file", passphrase, portable)

	if err := os.RemoveAll(filepath.Join(os.Getenv("XDG_DATA_HOME"), "keyrings")); err != nil {
		t.Fatal(err)
	}
	stopKeyring = w.runKeyring() // another one
	w.wantFailure("restore --anew", "account", "list")
	w.wantDoctor("is not in the keyring")
	w.run("offlineauth", "restore", "--passphrase-file", passphrase, portable)
	w.wantAmina("from a backup, under a key in the new keyring")
	w.run("offlineauth", "rekey", "--keys", "file")
	stopKeyring()
	w.wantAmina("without a keyring")
	w.wantDoctor("key is in " + keyFile)
}

// runKeyring runs the keyring of GNOME, unlocked as by a login.
func (w *world) runKeyring() (stop func()) {
	w.t.Helper()
	daemon := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	daemon.Stdin = strings.NewReader("the person's password")
	return w.bus.Run(w.t, secretService, daemon)
}

func (w *world) wantAmina(when string) {
	w.t.Helper()
	if out := w.run("offlineauth", "account", "list"); !strings.Contains(out, "amina") {
		w.t.Errorf("%s: %s", when, out)
	}
}

// wantDoctor looks for a finding, whether or not something else is wrong.
func (w *world) wantDoctor(finding string) {
	w.t.Helper()
	out, _ := w.try("offlineauth", "doctor")
	if !strings.Contains(strings.Join(strings.Fields(out), " "), finding) {
		w.t.Errorf("doctor does not say %q", finding)
	}
}

func (w *world) wantFailure(why string, args ...string) {
	w.t.Helper()
	if out, err := w.try("offlineauth", args...); err == nil || !strings.Contains(out, why) {
		w.t.Errorf("%s: %v, and not %q", args, err, why)
	}
}
