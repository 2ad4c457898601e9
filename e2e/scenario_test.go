//go:build linux

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlineauth/offlineauth/e2e/device"
)

// TestScenarios plays every story twice: with a uid for each app, where the user
// who runs the tests can give them, and with one uid for all.
func TestScenarios(t *testing.T) { play(t, "testdata/script") }

func play(t *testing.T, dir string) {
	stories, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories in %s: %v", dir, err)
	}
	stages := map[string]device.Options{"one uid": {SharedUID: true}}
	if ownUIDs(t) {
		stages["own uids"] = device.Options{}
	}
	for name, options := range stages {
		t.Run(name, func(t *testing.T) {
			root, err := os.MkdirTemp("", "story") // t.TempDir is not passable to other users
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(root) })
			if err := os.Chmod(root, 0o755); err != nil {
				t.Fatal(err)
			}
			testscript.Run(t, testscript.Params{
				Dir:                dir,
				WorkdirRoot:        root,
				RequireUniqueNames: true,
				Cmds:               commands(),
				Condition:          condition(options),
				Setup:              func(env *testscript.Env) error { return setUp(env, options) },
			})
		})
	}
}

// ownUIDs reports whether a device can give each app a uid here. Root can, but in
// a user namespace that has no more than one.
func ownUIDs(t *testing.T) bool {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	d, err := device.New(dir, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Install(device.App{Package: "com.example.probe", Certificate: digest("probe")}); err != nil {
		t.Fatal(err)
	}
	_, own, err := d.UID("com.example.probe")
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func condition(options device.Options) func(string) (bool, error) {
	return func(name string) (bool, error) {
		if name != "own-uids" {
			return false, fmt.Errorf("unknown condition %q", name)
		}
		return !options.SharedUID, nil
	}
}
