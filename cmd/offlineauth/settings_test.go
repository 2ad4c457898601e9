package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

func TestSettingsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	want := settings{Issuer: "https://auth.example", CustomScheme: "com.example.auth", IPCService: "unix:/run/s"}
	if err := want.save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := loadSettings(dir)
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSettingsWithoutAFile(t *testing.T) {
	got, err := loadSettings(t.TempDir())
	if err != nil || got != (settings{Issuer: defaultIssuer}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := got.check(); err != nil {
		t.Error(err)
	}
}

// A server that the system wakes up many times a day writes nothing.
func TestSettingsAreWrittenOnlyIfTheyChange(t *testing.T) {
	dir := t.TempDir()
	s := settings{Issuer: "https://auth.example"}
	if err := s.save(dir); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(settingsFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.save(dir); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(settingsFile(dir)); err != nil || !os.SameFile(before, after) {
		t.Errorf("written again, or %v", err)
	}
	s.Issuer = "https://other.example"
	if err := s.save(dir); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(settingsFile(dir)); err != nil || os.SameFile(before, after) {
		t.Errorf("not written again, or %v", err)
	}
}

func TestServingFlagsApply(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	usual := "unix-seqpacket:/run/user/7/offlineauth/message.sock,unix:/run/user/7/offlineauth/stream.sock"
	for name, test := range map[string]struct {
		flags servingFlags
		kept  settings
		want  settings
	}{
		"nothing": {want: settings{Issuer: defaultIssuer, IPCService: usual}},
		"remembered": {
			kept: settings{Issuer: "https://a.example", IPCService: "unix:/s"},
			want: settings{Issuer: "https://a.example", IPCService: "unix:/s"},
		},
		"flags win, messages first": {
			flags: servingFlags{issuer: "https://b.example", ipc: []string{"unix:/t", "unix-seqpacket:/m", "unix-abstract:x"}, customScheme: "com.example.b"},
			kept:  settings{Issuer: "https://a.example", IPCService: "unix:/s"},
			want:  settings{Issuer: "https://b.example", CustomScheme: "com.example.b", IPCService: "unix-seqpacket:/m,unix:/t,unix-abstract:x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if test.kept != (settings{}) {
				if err := test.kept.save(dir); err != nil {
					t.Fatal(err)
				}
			}
			got, wanted, err := test.flags.apply(dir, nil)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, test.want)
			}
			if messagesFirst(wanted).String() != test.want.IPCService {
				t.Errorf("would listen at %s", wanted)
			}
		})
	}
}

func TestStreamIsTheFirstThatIsNone(t *testing.T) {
	dir := t.TempDir()
	var addresses []ipcapi.Address
	for _, text := range []string{"unix-seqpacket:" + dir + "/m", "unix:" + dir + "/s", "unix:" + dir + "/t"} {
		a, err := ipcapi.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, a)
	}
	s, err := listen(t.Context(), dir, nil, addresses)
	defer s.close()
	if err != nil || s.stream() != addresses[1] {
		t.Errorf("got %v, %v", s.stream(), err)
	}
	if got := (sockets{apps: s.apps[:1]}).stream(); got != (ipcapi.Address{}) {
		t.Errorf("a service of messages alone has the stream %v", got)
	}
}

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("another's"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, path); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("got %v, %v; want a file of mode 0600", info.Mode(), err)
	}
	if b, err := os.ReadFile(other); err != nil || string(b) != "another's" {
		t.Errorf("it wrote through a link: %q, %v", b, err)
	}
	if err := replaceFile(dir, nil); err == nil {
		t.Error("a directory was replaced")
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestXDGDir(t *testing.T) {
	t.Setenv("HOME", "/home/amina")
	for value, want := range map[string]string{
		"/data": "/data/offlineauth", "": "/home/amina/.local/share/offlineauth",
		"relative": "/home/amina/.local/share/offlineauth", // to be ignored, says the specification
	} {
		t.Setenv("XDG_DATA_HOME", value)
		if got, err := (dataFlag{}).dir(); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", value, got, err, want)
		}
	}
}

func TestShown(t *testing.T) {
	const hostile = "a\x1b[2J\u202eb\u009bc\x7f"
	if got := shown(hostile + "\n\t"); got != "a�[2J�b�c�\n\t" {
		t.Errorf("got %q", got)
	}
	if got := shownName("a\nb\tc"); strings.ContainsAny(got, "\n\t") {
		t.Errorf("got %q", got)
	}
}
