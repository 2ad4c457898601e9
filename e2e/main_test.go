//go:build linux

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlineauth/offlineauth/e2e/device"
)

// limit is the deadline of a scenario, and of every program in it.
const limit = 40 * time.Second

// TestMain makes this test binary the programs app, testauth and testapi, too, and
// the device's xdg-open.
func TestMain(m *testing.M) {
	device.Main()
	testscript.Main(withPrograms{m}, map[string]func(){"app": app, "testauth": testauth, "testapi": testapi})
}

// withPrograms builds the real program before the tests run, and puts it into
// the PATH, where testscript.Main puts the others.
type withPrograms struct{ testscript.TestingM }

func (w withPrograms) Run() int {
	dir, err := os.MkdirTemp("", "programs")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	if err := build(filepath.Join(dir, "offlineauth"), "github.com/offlineauth/offlineauth/cmd/offlineauth"); err != nil {
		return failed(err)
	}
	os.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if os.Getenv("GORACE") == "" { // or each app takes a second to exit under the race detector
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	return w.TestingM.Run()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func build(target, what string) error {
	cmd := exec.Command("go", "build", "-o", target, what)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return os.Chmod(target, 0o755)
}
