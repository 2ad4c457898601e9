package desktop

import (
	"strings"
	"testing"
)

func TestEntry(t *testing.T) {
	got, err := Entry{
		ID: "example.auth", Name: `Back\slash`, Exec: []string{"/opt/My Apps/offlineauth", "open", `--data=/home/a"b`},
		Schemes: []string{"example.auth"}, Hidden: true,
	}.File()
	want := `[Desktop Entry]
Type=Application
Version=1.1
Name=Back\\slash
Exec="/opt/My Apps/offlineauth" open "--data=/home/a\\"b" %u
Terminal=false
DBusActivatable=true
NoDisplay=true
MimeType=x-scheme-handler/example.auth;
`
	if got != want || err != nil {
		t.Errorf("%v\n%s", err, got)
	}
	for name, e := range map[string]Entry{
		"no dot":              {ID: "auth", Exec: []string{"a"}},
		"a path":              {ID: "../a.b", Exec: []string{"a"}},
		"begins with a digit": {ID: "a.1b", Exec: []string{"a"}},
		"two lines":           {ID: "a.b", Name: "a\nExec=evil", Exec: []string{"a"}},
		"lines in Exec":       {ID: "a.b", Exec: []string{"a\nb"}},
		"a field code":        {ID: "a.b", Exec: []string{"a", "%c"}},
	} {
		if text, err := e.File(); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
}

const list = `# mine
[Added Associations]
text/html=a.desktop;b.desktop;

[Default Applications]
text/html=a.desktop
x-scheme-handler/example.auth=old.desktop

[Other]
x=y
`

func TestDefaults(t *testing.T) {
	const handler = "x-scheme-handler/example.auth"
	for name, before := range map[string]string{
		"empty":        "",
		"no group":     "[Added Associations]\na=b;\n",
		"no last line": "[Default Applications]",
		"other":        list,
		"only others":  "[Default Applications]\ntext/html=a.desktop\n[Other]\nx=y\n",
	} {
		after := SetDefault(before, handler, "example.auth")
		if got := Default(after, handler); got != "example.auth" {
			t.Errorf("%s: default %q in\n%s", name, got, after)
		}
		for line := range strings.Lines(before) {
			if !strings.HasPrefix(line, handler) && !strings.Contains(after, strings.TrimSpace(line)) {
				t.Errorf("%s: lost %q in\n%s", name, line, after)
			}
		}
		if again := SetDefault(after, handler, "example.auth"); again != after {
			t.Errorf("%s: a second time it becomes\n%s", name, again)
		}
		gone := Forget(after, "example.auth")
		if Default(gone, handler) != "" || strings.Contains(gone, "example.auth.desktop") {
			t.Errorf("%s: not forgotten:\n%s", name, gone)
		}
	}
	if got := Forget(list, "a"); got != strings.Replace(strings.Replace(list, "a.desktop;b.desktop;", "b.desktop;", 1), "text/html=a.desktop\n", "", 1) {
		t.Errorf("forgotten:\n%s", got)
	}
}

func FuzzMimeApps(f *testing.F) {
	f.Add(list, "text/html", "a.b")
	f.Add("[Default Applications]\n=\n[", "x", "y.z")
	f.Fuzz(func(t *testing.T, list, mimeType, id string) {
		if mimeType == "" || strings.ContainsAny(mimeType, "=[]\n\r \t") || strings.TrimSpace(mimeType) != mimeType || !validID(id) {
			return
		}
		after := SetDefault(list, mimeType, id)
		if got := Default(after, mimeType); got != id {
			t.Errorf("default %q in %q", got, after)
		}
		if gone := Forget(after, id); Default(gone, mimeType) == id {
			t.Errorf("not forgotten in %q", gone)
		}
	})
}
