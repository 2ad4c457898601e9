package unixipc

import (
	"errors"
	"net"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/process"
	"golang.org/x/sys/unix"
)

// PeerCaller asks the kernel who opened the other end of c: for an accepted
// connection the process that dialed, for a dialed one the process that
// listened (the service manager, if the socket was handed over by one). The
// Identity is that of its sandbox, if it is in one (see package process); the rest
// is left to an attestor.
//
// With a kernel that has SO_PEERPIDFD (Linux 6.5) both belong to that very process
// or are empty. Without it no sandbox is attested, and as Executable a process that
// took over the number of a dead one could be shown: as always, it is for display
// only.
func PeerCaller(c *net.UnixConn) (ipcapi.Caller, error) {
	caller := ipcapi.Caller{Transport: "unix", UID: -1, PID: -1}
	err := credentials(c, func(fd int, cred *unix.Ucred) {
		caller.UID = int(cred.Uid)
		if cred.Pid > 0 { // 0: a process of another namespace
			caller.PID = int(cred.Pid)
			caller.Executable, caller.Identity = peerProcess(fd, caller.PID)
		}
	})
	return caller, err
}

func peerUID(c *net.UnixConn) (uid int, err error) {
	err = credentials(c, func(_ int, cred *unix.Ucred) { uid = int(cred.Uid) })
	return uid, err
}

func credentials(c *net.UnixConn, use func(fd int, cred *unix.Ucred)) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); failed == nil {
			use(int(fd), cred)
		}
	})
	return errors.Join(err, failed)
}

// soPeerPIDFD is SO_PEERPIDFD of asm-generic/socket.h.
const soPeerPIDFD = 77

// peerProcess looks at the process while nobody else can have its number, if the
// kernel has a pidfd for it.
func peerProcess(fd, pid int) (executable, app string) {
	pidfd, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, soPeerPIDFD)
	switch {
	case errors.Is(err, unix.ENOPROTOOPT), errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		pidfd = -1
	case err != nil: // the process is gone
		return "", ""
	default:
		defer unix.Close(pidfd)
	}
	peer := process.Process{PID: pid, FD: pidfd}
	if pidfd >= 0 {
		app, _ = peer.App("") // what cannot be found out is not attested
	}
	return peer.Executable(), app
}
