package offlineauth_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/offlineauth/offlineauth"

// A listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string // of its code, not of its tests
}

// room is the package's path below the module; "" for the root package, and the
// whole import path if the package is not ours.
func room(importPath string) string {
	if importPath == module {
		return ""
	}
	return strings.TrimPrefix(importPath, module+"/")
}

func ours(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// packages lists the module, by room.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	all := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[room(p.ImportPath)] = p
	}
}

// below says which rooms of ours a room may import. Imports point down only: the
// heads are above the wiring, the wiring above the middle, the leaves below all.
// A room inside another (ipcapi/unixipc) may import what that one may, and the
// other itself.
var below = map[string][]string{
	"linkhandler":         {},
	"linkhandler/desktop": {"ipcapi"}, // links are delivered over the bus, too
	"jose":                {},
	"ipcapi":              {},
	"boltfile":            {},
	"store":               {"boltfile"},
	"ui":                  {},
	"resource":            {"ipcapi", "jose", "boltfile"},
	"authz":               {"store", "linkhandler", "ipcapi", "jose"},
	"client":              {"ipcapi", "linkhandler", "jose"},
	"":                    {"authz", "resource", "store", "ui", "linkhandler", "ipcapi"},
}

// heads stand on the wiring and may import any room; nothing imports them but
// what is inside them.
var heads = []string{"cmd", "mobile", "e2e", "examples", "internal"}

// TestImportsPointDown holds the picture of docs/architecture.md.
func TestImportsPointDown(t *testing.T) {
	all := packages(t)
	for name := range below {
		if _, there := all[name]; !there && name != "client" {
			t.Errorf("the room %q is gone: this test looks at nothing", name)
		}
	}
	for name, p := range all {
		top, _, _ := strings.Cut(name, "/")
		if slices.Contains(heads, top) {
			continue
		}
		allowed, known := below[name]
		if !known {
			allowed, known = below[top]
		}
		if !known {
			t.Errorf("%s is in no layer: say in this test what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			target, _, _ := strings.Cut(room(imported), "/")
			if ours(imported) && target != top && !slices.Contains(allowed, target) {
				t.Errorf("%q imports %q, which is not below it", name, room(imported))
			}
		}
	}
}

// TestRoomsDoNotKnowTheirKinds: ipcapi knows nothing of ipcapi/unixipc.
func TestRoomsDoNotKnowTheirKinds(t *testing.T) {
	all := packages(t)
	for name := range below {
		for _, imported := range all[name].Imports {
			if name != "" && strings.HasPrefix(room(imported), name+"/") {
				t.Errorf("%q imports %q", name, room(imported))
			}
		}
	}
}

// TestWhoImportsWhat confines what could spread.
func TestWhoImportsWhat(t *testing.T) {
	for _, rule := range []struct {
		imported string   // an import path, or the beginning of several
		by       []string // rooms
	}{
		{"github.com/ory/fosite", []string{"authz"}},
		{"github.com/golang-jwt/jwt", []string{"authz", "jose"}},
		{"go.etcd.io/bbolt", []string{"store", "resource/xapi", "boltfile"}},
		{"golang.org/x/oauth2", []string{"client", "cmd/offlineauth"}},
		{module + "/e2e/device", []string{"e2e/demo", "e2e/device"}},
		{module + "/e2e/vm", nil},                 // only by tests
		{module + "/e2e/binder", nil},             // only by tests
		{module + "/store/storetest", nil},        // only by tests
		{module + "/ipcapi/dbusipc/bustest", nil}, // only by tests
		{module + "/ipcapi/wirebench", nil},       // only by tests
		{module + "/cmd", []string{"cmd/offlineauth"}},
	} {
		for name, p := range packages(t) {
			for _, imported := range p.Imports {
				within := imported == rule.imported || strings.HasPrefix(imported, rule.imported+"/")
				may := slices.ContainsFunc(rule.by, func(by string) bool { return name == by || strings.HasPrefix(name, by+"/") })
				if within && !may {
					t.Errorf("%q imports %s, which is for %q alone", name, imported, rule.by)
				}
			}
		}
	}
}

// TestClientsDoNotCarryTheServer looks at all that a client app links.
func TestClientsDoNotCarryTheServer(t *testing.T) {
	if _, there := packages(t)["client"]; !there {
		t.Fatal("there is no package client")
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./client").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.FieldsSeq(string(out)) {
		for _, heavy := range []string{module + "/authz", module + "/store", "github.com/ory/", "go.etcd.io/", "github.com/godbus/", module + "/ipcapi/dbusipc"} {
			if strings.HasPrefix(dependency, heavy) {
				t.Errorf("a client app links %s", dependency)
			}
		}
	}
}
