package interop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// limit is the deadline of each command and of each request.
const limit = 15 * time.Second

// programVariable names the program to test; without it, it is built.
const programVariable = "OFFLINEAUTH"

func TestMain(m *testing.M) {
	os.Exit(withProgram(m.Run))
}

func withProgram(run func() int) int {
	if os.Getenv(programVariable) != "" {
		return run()
	}
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "offlineauth")
	if err := build(program); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv(programVariable, program)
	return run()
}

// build makes the program as it is shipped: in its own module, with its own
// versions, not with those the clients here require.
func build(target string) error {
	cmd := exec.Command("go", "build", "-o", target, "./cmd/offlineauth")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOWORK=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// command is the program with arguments, on the data directory.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	args = append(args, "--data", dir)
	return exec.CommandContext(ctx, os.Getenv(programVariable), args...)
}

// run runs a command of the program to its end and returns what it printed.
func run(ctx context.Context, dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var failure bytes.Buffer
	cmd := command(ctx, dir, args...)
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("offlineauth %s: %w\n%s", strings.Join(args, " "), err, failure.String())
	}
	return string(out), err
}

// serve starts the program's server and returns when it serves. It is ended with
// the test.
func serve(t *testing.T, dir string) {
	t.Helper()
	cmd := command(t.Context(), dir, "serve") // the context ends before the clean-up begins
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = limit
	said := &announcement{to: t.Output(), wanted: "serving", heard: make(chan struct{})}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-said.heard:
		t.Cleanup(func() { <-ended })
	case err := <-ended:
		t.Fatalf("offlineauth serve ended: %v", err)
	case <-time.After(limit):
		t.Cleanup(func() { <-ended })
		t.Fatal("offlineauth serve does not serve")
	}
}

// An announcement passes on what is written, and tells when a word was in it.
type announcement struct {
	to     io.Writer
	wanted string
	heard  chan struct{}

	once sync.Once
	text []byte
}

func (a *announcement) Write(b []byte) (int, error) {
	a.text = append(a.text, b...)
	if bytes.Contains(a.text, []byte(a.wanted)) {
		a.once.Do(func() { close(a.heard) })
	}
	return a.to.Write(b)
}
