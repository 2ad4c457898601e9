package device

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// offlineVariable keeps a program from starting itself more than once.
const offlineVariable = "OFFLINEAUTH_DEVICE_NAMESPACE"

// ErrOnline says that this process can reach a network.
var ErrOnline = errors.New("a network interface is up")

// CheckOffline returns nil if no network interface is up, not even the loopback
// one, and [ErrOnline] with its name if one is.
func CheckOffline() error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list the network interfaces: %w", err)
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp != 0 {
			return fmt.Errorf("%w: %s", ErrOnline, i.Name)
		}
	}
	return nil
}

// Offline makes sure that this program runs without a network, or says why it
// cannot. If a network interface is up it runs the program again, with the same
// arguments and files, in a network namespace that has none, and exits as that
// one does: call it first in main, after [Main]. Without root it needs a user
// namespace, in which this process's uid stays what it is. It returns nil where
// there is no network, and an error where there is one and the kernel refuses
// namespaces; then it is for the caller to go on or not.
//
// TCP on 127.0.0.1 does not work there either; unix sockets do.
func Offline() error {
	err := CheckOffline()
	if err == nil || !errors.Is(err, ErrOnline) {
		return err
	}
	if os.Getenv(offlineVariable) != "" {
		return fmt.Errorf("the namespace has a network: %w", err)
	}
	code, err := runOffline()
	if err != nil {
		return fmt.Errorf("no network namespace: %w", err)
	}
	os.Exit(code)
	return nil
}

// runOffline runs the program again and returns its exit code. The thread is
// locked because Pdeathsig is about the thread that started the child.
func runOffline() (code int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	cmd, err := startOffline()
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM || s == syscall.SIGHUP { // a terminal sends the others to the child too
				cmd.Process.Signal(s)
			}
		case err := <-ended:
			var exited *exec.ExitError
			if err != nil && !errors.As(err, &exited) {
				return 0, err
			}
			return exitCode(cmd.ProcessState), nil
		}
	}
}

// startOffline tries without a user namespace first, because in one root could
// give apps no uids of their own.
func startOffline() (*exec.Cmd, error) {
	const network = syscall.CLONE_NEWNET
	var refused error
	if os.Geteuid() == 0 {
		cmd := again(&syscall.SysProcAttr{Cloneflags: network})
		if refused = cmd.Start(); refused == nil {
			return cmd, nil
		}
	}
	cmd := again(&syscall.SysProcAttr{
		Cloneflags:  network | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
	})
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(refused, err)
	}
	return cmd, nil
}

func again(attr *syscall.SysProcAttr) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), offlineVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	attr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr = attr
	return cmd
}

// exitCode is that of a shell: 128 and the number of the signal, if one ended it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
