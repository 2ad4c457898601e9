//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// limit is the deadline of a script, and of each process and wait in it.
const limit = 20 * time.Second

// TestMain makes this test binary the program, too.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"offlineauth": main, "pass-sockets": passSockets})
}

// TestScript plays the scripts of testdata. Beside the commands of testscript they
// have those of commands_test.go.
func TestScript(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(3 * limit),
		Cmds:                commands(),
		Setup:               setup,
	})
}

// setup gives a script its own XDG directories, in a place whose name is short
// enough for sockets, and xdg-open that writes down what it was given.
func setup(env *testscript.Env) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	w := &world{ctx: ctx, processes: make(map[string]*process)}
	env.Values[worldKey{}] = w
	env.Defer(func() { cancel(); w.end() })
	short, err := os.MkdirTemp("", "oa")
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(short) })
	bin := filepath.Join(env.WorkDir, ".bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	opener := "#!/bin/sh\nprintf '%s\\n' \"$1\" >>\"$OPENED\"\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(opener), 0o755); err != nil {
		return err
	}
	program, err := exec.LookPath("offlineauth")
	if err != nil {
		return err
	}
	env.Setenv("PROGRAMS", filepath.Dir(program)) // these tests' own alone
	env.Setenv("PATH", bin+":"+env.Getenv("PATH"))
	env.Setenv("OPENED", filepath.Join(env.WorkDir, "opened"))
	env.Setenv("HOME", short)
	env.Setenv("DATA", filepath.Join(short, "data", "offlineauth")) // the default one
	env.Setenv("XDG_DATA_HOME", filepath.Join(short, "data"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(short, "state"))
	env.Setenv("XDG_RUNTIME_DIR", filepath.Join(short, "run"))
	env.Setenv("MESSAGES", "unix-seqpacket:"+filepath.Join(short, "run/offlineauth/message.sock"))
	env.Setenv("STREAM", "unix:"+filepath.Join(short, "run/offlineauth/stream.sock"))
	env.Setenv("SERVICE", env.Getenv("MESSAGES")+","+env.Getenv("STREAM"))
	env.Setenv("ISSUER", "https://auth.example")
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	return nil
}
