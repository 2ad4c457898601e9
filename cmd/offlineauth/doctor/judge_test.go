package doctor

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/install"
	"github.com/offlineauth/offlineauth/ipcapi"
)

var now = time.Date(2026, time.November, 25, 12, 0, 0, 0, time.UTC)

// inOrder is a desktop on which nothing is wrong.
func inOrder() Facts {
	return Facts{
		Now: now, DataDir: "/data", Issuer: "https://auth.example", Accounts: 1, Clients: 2,
		Clock:     control.Clock{Swept: now.Add(-time.Hour), Newest: now.Add(-time.Minute)},
		Installed: true, App: install.App{ID: "example.auth", Scheme: "example.auth", Service: ipcapi.Service{{Scheme: ipcapi.DBus, Name: "example.auth"}}},
		Handler: "example.auth", Runtime: "/run/user/1", Took: 5 * time.Millisecond, Opener: "gio", Display: true,
	}
}

func TestInOrder(t *testing.T) {
	for _, f := range Judge(inOrder()) {
		if f.State != OK || f.Mend != "" || f.Text == "" {
			t.Errorf("%+v", f)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Facts)
		check  string
		state  State
		text   string
	}{
		{"no directory", func(f *Facts) { f.Data = fs.ErrNotExist }, "data directory", Wrong, "there is no /data"},
		{"damaged", func(f *Facts) { f.Data = errors.New("broken") }, "data directory", Wrong, "broken"},
		{"lost key", func(f *Facts) { f.Data = errors.New("sealed\nPut it back") }, "data directory", Wrong, "sealed"},
		{"no key", func(f *Facts) { f.Key = Key{Place: "in /data/key", Mend: "put it back", Lost: true} }, "key", Wrong, "is not in /data/key"},
		{"a locked keyring", func(f *Facts) { f.Key = Key{Place: "in the keyring", Lost: true, Locked: true} }, "key", Note, "asked to unlock it"},
		{"no keyring", func(f *Facts) { f.Key = Key{Place: "in the keyring", Mend: "log in", Err: fs.ErrClosed} }, "key", Wrong, "cannot be reached"},
		{"a key", func(f *Facts) { f.Key = Key{Place: "in /data/key"} }, "key", OK, "is in /data/key"},
		{"nobody", func(f *Facts) { f.Accounts = 0 }, "accounts", Wrong, "nobody who could log in"},
		{"no apps", func(f *Facts) { f.Clients = 0 }, "clients", Note, "no app is registered"},
		{"a clock from before", func(f *Facts) { f.Now = time.Unix(1000, 0) }, "clock", Wrong, "which is past"},
		{"a clock that jumped", func(f *Facts) { f.Clock.Jumped = now }, "clock", Wrong, "nothing that has expired is removed"},
		{"a trail from the future", func(f *Facts) { f.Clock.Newest = now.AddDate(9, 0, 0) }, "clock", Wrong, "2035-11-25"},
		{"a sweep from the future", func(f *Facts) { f.Clock.Swept = now.AddDate(9, 0, 0) }, "clock", Wrong, "showed 2035-11-25"},
		{"a clock that drifts", func(f *Facts) { f.Clock.Newest = now.Add(time.Minute) }, "clock", OK, "2026-11-25"},
		{"not installed", func(f *Facts) { f.Installed = false }, "application", Note, "not installed"},
		{"files are gone", func(f *Facts) { f.Missing = []string{"/x"} }, "installed files", Wrong, "missing: /x"},
		{"the program was moved", func(f *Facts) { f.Differs = []string{"/x"} }, "installed files", Note, "was the program moved?"},
		{"no handler", func(f *Facts) { f.Handler = "" }, "links", Wrong, "given to nobody"},
		{"another handler", func(f *Facts) { f.Handler = "org.example.Thief" }, "links", Wrong, "given to org.example.Thief"},
		{"no bus", func(f *Facts) { f.Bus = ipcapi.ErrNoService }, "session bus", Note, "the first caller starts the server"},
		{"no bus and no directory", func(f *Facts) { f.Bus, f.Runtime = ipcapi.ErrNoService, "" }, "session bus", Wrong, "no socket either"},
		{"not trusted", func(f *Facts) { f.Known = fs.ErrPermission }, "verification", Wrong, "do not trust"},
		{"does not start", func(f *Facts) { f.Answer = ipcapi.ErrNoService }, "service", Wrong, "does not start"},
		{"does not answer", func(f *Facts) { f.Answer = ipcapi.ErrDeadline }, "service", Wrong, "does not answer"},
		{"no opener", func(f *Facts) { f.Opener = "" }, "browser", Wrong, "neither gio nor xdg-open"},
		{"no display", func(f *Facts) { f.Display = false }, "browser", Note, "no display"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts := inOrder()
			test.change(&facts)
			wrong := 0
			for _, f := range Judge(facts) {
				if f.Check == test.check && (f.State != test.state || !strings.Contains(f.Text, test.text)) {
					t.Errorf("got %+v", f)
				}
				if f.Check != test.check && f.State != OK && facts.Data == nil {
					t.Errorf("found beside: %+v", f)
				}
				if f.State == Wrong && f.Mend == "" {
					t.Errorf("nothing is said to mend %+v", f)
				}
				if f.Check == test.check {
					wrong++
				}
			}
			if wrong != 1 {
				t.Errorf("%q was judged %d times", test.check, wrong)
			}
		})
	}
}
