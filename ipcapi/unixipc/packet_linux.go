package unixipc

import (
	"errors"
	"io"
	"net"

	"github.com/offlineauth/offlineauth/ipcapi"
	"golang.org/x/sys/unix"
)

// receive reads one whole message. Its length is asked first: nothing is
// allocated for one over the limit, which is dropped and reported, nor before
// wait has said that there is memory for it.
func receive(conn *net.UnixConn, limit int64, wait func(size int64) error) ([]byte, error) {
	size, err := recv(conn, nil, unix.MSG_PEEK|unix.MSG_TRUNC)
	switch {
	case err != nil:
		return nil, err
	case size == 0:
		return nil, io.EOF
	case int64(size) > limit:
		err = &ipcapi.TooLargeError{Limit: limit}
	default:
		err = wait(int64(size))
	}
	if err != nil {
		_, dropped := recv(conn, nil, unix.MSG_TRUNC)
		return nil, errors.Join(err, dropped)
	}
	b := make([]byte, size)
	n, err := recv(conn, b, 0)
	return b[:n], err
}

func recv(conn *net.UnixConn, b []byte, flags int) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, _, failed = unix.Recvfrom(int(fd), b, flags)
			if failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	})
	return max(n, 0), errors.Join(err, failed)
}

// waitHangup returns when both directions of the connection are shut, or its
// read deadline passes. A read could not tell that from a half-close: it gives
// zero bytes for either. The runtime wakes the loop at every change of the
// socket; poll, asked for no event, reports a hang-up or an error alone.
func waitHangup(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		for {
			n, err := unix.Poll(fds, 0)
			if err != unix.EINTR {
				failed = err
				return n != 0
			}
		}
	})
	return errors.Join(err, failed)
}

// send writes one whole message. If the socket's buffer cannot take it, the
// buffer is raised as far as the system lets it be; beyond that, it is a
// [*ipcapi.TooLargeError] and nothing was sent.
func send(conn *net.UnixConn, b []byte) error {
	_, err := conn.Write(b)
	if !errors.Is(err, unix.EMSGSIZE) {
		return err
	}
	if err := conn.SetWriteBuffer(len(b)); err != nil {
		return err
	}
	if _, err = conn.Write(b); errors.Is(err, unix.EMSGSIZE) {
		return &ipcapi.TooLargeError{Limit: sendLimit(conn)}
	}
	return err
}

// sendLimit is the largest message the socket's buffer takes; 32 bytes of it
// are the kernel's.
func sendLimit(conn *net.UnixConn) int64 {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	size := 0
	raw.Control(func(fd uintptr) {
		size, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
	})
	if err != nil {
		return 0
	}
	return int64(size - 32)
}
