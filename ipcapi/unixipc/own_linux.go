package unixipc

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// ownListener is a socket that nobody but this process holds.
type ownListener struct {
	*net.UnixListener
	ending atomic.Bool
}

// shut refuses connections from now on, and keeps those that wait. The file goes
// first, while nobody takes the socket for an abandoned one: what appears there
// later is another service's.
func (l *ownListener) shut() error {
	if name := l.Addr().(*net.UnixAddr).Name; filepath.IsAbs(name) {
		os.Remove(name) // if that fails, the next service removes it
		l.SetUnlinkOnClose(false)
	}
	err := l.control(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RD) })
	if err != nil {
		return err
	}
	l.ending.Store(true)
	return l.SetDeadline(time.Unix(1, 0)) // the system does not wake who waits in Accept
}

// Accept gives out those who were connected before the end, too.
func (l *ownListener) Accept() (net.Conn, error) {
	conn, err := l.UnixListener.Accept()
	if err != nil && l.ending.Load() {
		return l.waiting()
	}
	return conn, err
}

// waiting is the next of those who wait, and net.ErrClosed if there is none.
func (l *ownListener) waiting() (conn net.Conn, err error) {
	err = l.control(func(fd int) error {
		accepted, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return errors.Join(net.ErrClosed, err)
		}
		file := os.NewFile(uintptr(accepted), "accepted")
		defer file.Close()
		conn, err = net.FileConn(file)
		return err
	})
	return conn, err
}

func (l *ownListener) control(do func(fd int) error) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = do(int(fd)) })
	return errors.Join(err, failed)
}
