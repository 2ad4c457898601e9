//go:build linux

package device

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// A socket is the listening end of a service. It stays open while the app's
// processes come and go, and so do the connections that wait in its queue.
type socket struct {
	address ipcapi.Address
	file    *os.File
}

// Close closes the socket and removes it from the file system.
func (s socket) Close() error { return errors.Join(s.file.Close(), os.Remove(s.address.Path)) }

func openSocket(a ipcapi.Address) (socket, error) {
	network := "unix"
	if a.Scheme == ipcapi.UnixSeqpacket {
		network = "unixpacket"
	}
	l, err := listenUnix(network, a.Path)
	if err != nil {
		return socket{}, err
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	file, err := l.File()
	if err != nil {
		return socket{}, errors.Join(err, os.Remove(a.Path))
	}
	return socket{a, file}, nil
}

// listenUnix listens where every user can connect.
func listenUnix(network, path string) (*net.UnixListener, error) {
	if len(path) > maxSocket {
		return nil, fmt.Errorf("%s is too long for a socket, which may have %d bytes", filepath.Base(path), maxSocket)
	}
	l, err := net.ListenUnix(network, &net.UnixAddr{Net: network, Name: path})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// fd leaves the mode of the descriptor alone, unlike os.File.Fd.
func (s socket) fd() (fd int, err error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return -1, err
	}
	return fd, raw.Control(func(n uintptr) { fd = int(n) })
}

// errAwake is the end of a wait for a connection that does not come any more.
var errAwake = errors.New("woken up: the device is closed")

// awaitConnection returns the index of a socket to which somebody is connecting,
// and leaves the connection in the queue. It fails when the other end of awake is
// closed.
func awaitConnection(awake int, sockets []socket) (int, error) {
	fds := []unix.PollFd{{Fd: int32(awake), Events: unix.POLLIN}}
	for _, s := range sockets {
		fd, err := s.fd()
		if err != nil {
			return -1, err
		}
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	for {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return -1, err
		}
		if fds[0].Revents != 0 {
			return -1, errAwake
		}
		for i, polled := range fds[1:] {
			if polled.Revents != 0 {
				return i, nil
			}
		}
	}
}

// turnAway ends the connections that wait, so that nobody waits for a service
// that does not start.
func (s socket) turnAway() {
	fd, err := s.fd()
	if err != nil || unix.SetNonblock(fd, true) != nil {
		return
	}
	for {
		conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			unix.Close(conn)
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return
		}
	}
}
