//go:build linux

package vm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// KernelEnv is the environment variable with the folder of the kernel: vmlinux, and
// its modules in folders beneath.
const KernelEnv = "OFFLINEAUTH_KERNEL"

const (
	limit  = 10 * time.Minute // of a machine, from power on to power off
	memory = 256              // megabytes
	tail   = 200              // lines of the console that an error shows: a panic in the program, then the kernel's
)

// A Machine is what to run. Only Program is required.
type Machine struct {
	Program []string          // a program of [Main], and its arguments; without spaces
	Modules []string          // kernel modules to load first; what they depend on is found
	Files   map[string][]byte // by path, such as "/oracle"; readable by all
	Disks   []*Disk           // /dev/vda, /dev/vdb, ...; they need the modules virtio_pci and virtio_blk

	// Steady makes its time that of its instructions, and real time only while it waits: for
	// programs with deadlines, which then are the same however busy this machine is. By
	// the clock of this one, its time may go several times as fast, or as slow.
	Steady bool
}

// Run starts the machine and returns when it is off: nil if the program returned nil.
// It calls hear for each line that was said, one after another. The power is cut when
// ctx ends, or after ten minutes; the error then wraps the context's.
func (m *Machine) Run(ctx context.Context, hear func(line string)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "vm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	kernel := os.Getenv(KernelEnv)
	if kernel == "" {
		return fmt.Errorf("vm: $%s is not set; it is what .ci/kernel prints", KernelEnv)
	}
	initrd := filepath.Join(dir, "initrd")
	if err := m.writeInitrd(initrd, kernel); err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", m.arguments(filepath.Join(kernel, "vmlinux"), initrd)...)
	disks, wait, err := m.serveDisks(dir)
	if err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	cmd.Args = append(cmd.Args, disks...)
	err = m.play(cmd, hear)
	if ctx.Err() != nil {
		err = fmt.Errorf("the power was cut: %w", context.Cause(ctx))
	}
	if err = errors.Join(err, wait()); err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	return nil
}

// serveDisks serves each at a socket in a folder, and returns what to tell qemu.
func (m *Machine) serveDisks(dir string) (args []string, wait func() error, err error) {
	var waits []func() error
	wait = func() (err error) {
		for _, w := range waits {
			err = errors.Join(err, w())
		}
		return err
	}
	for i, d := range m.Disks {
		socket := filepath.Join(dir, fmt.Sprint("disk", i))
		w, err := serveDisk(d, socket)
		if err != nil {
			return nil, nil, errors.Join(err, wait())
		}
		waits = append(waits, w)
		args = append(args,
			"-blockdev", fmt.Sprintf("driver=nbd,node-name=disk%d,server.type=unix,server.path=%s", i, socket),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d,write-cache=on", i))
	}
	return args, wait, nil
}

func (m *Machine) arguments(vmlinux, initrd string) []string {
	// Never KVM: a machine that plays another may itself be one that is played. The clock is
	// the HPET, whose speed is known: that of the TSC is measured at the start, and wrong
	// by any factor if this machine has other things to do at that moment. A kernel that
	// misses ticks then should not take the timer for broken, nor itself for stuck.
	clock := "clocksource=hpet no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
	var args []string
	if m.Steady { // then the TSC is right, and quick to read
		clock, args = "", []string{"-icount", "shift=2"} // 4 ns for each instruction
	}
	return append(args, "-accel", "tcg", "-m", fmt.Sprint(memory), "-smp", "1", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-kernel", vmlinux, "-initrd", initrd,
		"-append", "console=ttyS0 quiet panic=-1 tsc=reliable "+clock+" -- "+strings.Join(m.Program, " "))
}

// play runs qemu and reads the console of the machine to its end.
func (m *Machine) play(cmd *exec.Cmd, hear func(line string)) error {
	runtime.LockOSThread() // the machine ends with the thread that started it
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	console, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = listen(console, hear)
	return errors.Join(err, cmd.Wait())
}

// listen tells what is said from what else is on the console, until the machine is off.
func listen(console io.Reader, hear func(line string)) error {
	var last []string
	ended := false
	lines := bufio.NewScanner(console)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if said, ok := strings.CutPrefix(line, sayPrefix); ok {
			hear(said)
			continue
		}
		ended = ended || line == endLine
		if last = append(last, line); len(last) > tail {
			last = last[1:]
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if !ended {
		return fmt.Errorf("the program did not end well:\n%s", strings.Join(last, "\n"))
	}
	return nil
}
