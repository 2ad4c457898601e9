//go:build linux

package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	initPath   = "/init"
	modulesDir = "/modules"

	sayPrefix = "say: "
	endLine   = "the program has ended well"
)

// Main does nothing, unless this process runs in a [Machine]. There it runs the program
// whose name is its first argument, and does not return. Call it first in TestMain.
func Main(programs map[string]func(args []string) error) {
	if os.Args[0] != initPath {
		return
	}
	first := os.Getpid() == 1
	err := error(nil)
	if first {
		err = prepare()
	}
	if err == nil {
		err = run(programs, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
	}
	switch {
	case first:
		if err == nil {
			fmt.Println(endLine)
		}
		drain()
		unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // qemu ends instead
	case err != nil:
		os.Exit(1)
	}
	os.Exit(0)
}

func run(programs map[string]func(args []string) error, args []string) error {
	if len(args) == 0 || programs[args[0]] == nil {
		return fmt.Errorf("there is no program for %q", args)
	}
	return programs[args[0]](args[1:])
}

// prepare makes of a kernel a system.
func prepare() error {
	for _, m := range []struct{ kind, at string }{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/tmp"}} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	// Nothing but its own end may come between the lines of programs.
	if err := os.WriteFile("/proc/sys/kernel/printk", []byte("1"), 0o600); err != nil {
		return err
	}
	modules, err := filepath.Glob(modulesDir + "/*") // sorted
	if err != nil {
		return err
	}
	for _, path := range modules {
		if err := load(path); err != nil {
			return fmt.Errorf("module %s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}

// Say gives a line to the test outside. When it returns, the line has left the
// machine: nothing that is done next, nor the end of the power, can overtake it.
// Programs say one line at a time, from several goroutines too.
func Say(format string, args ...any) {
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	os.Stdout.WriteString(sayPrefix + line + "\n") // one write, one line
	drain()
}

// drain waits until the console has sent all it was given.
func drain() { unix.IoctlSetInt(int(os.Stdout.Fd()), unix.TCSBRK, 1) }
