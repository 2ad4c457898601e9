package process

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Process is one that ran when a connection was made.
type Process struct {
	PID int
	// FD is a pidfd of it, which stays the caller's to close, or -1: then another
	// process that has taken over the number could be taken for it.
	FD int
}

var errGone = errors.New("the process has ended")

// Executable is the path of the file that the process runs; "" if it has ended or
// the system does not say. It is for display only.
//
// The path is read first: while the process lives nobody else has its number, so
// the path was its own.
func (p Process) Executable() string {
	path, err := os.Readlink(p.proc("exe"))
	if err != nil || !p.alive() {
		return ""
	}
	return path
}

func (p Process) proc(name string) string { return "/proc/" + strconv.Itoa(p.PID) + "/" + name }

// alive reports whether the process has not ended: a pidfd turns readable when it
// does.
func (p Process) alive() bool {
	if p.FD < 0 {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(p.FD), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return err == nil && n == 0
		}
	}
}
