package dbusipc

import (
	"errors"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// streams is the listener of the stream wire: each Connect gives it a connection.
type streams struct {
	come  chan net.Conn
	ended chan struct{}
	end   func()
}

func newStreams() *streams {
	s := &streams{come: make(chan net.Conn), ended: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	return s
}

func (s *streams) Accept() (net.Conn, error) {
	select {
	case conn := <-s.come:
		return conn, nil
	case <-s.ended:
		return nil, net.ErrClosed
	}
}

func (s *streams) Close() error   { s.end(); return nil }
func (s *streams) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// stream is the service's end of a socket pair.
type stream struct {
	*net.UnixConn
	caller ipcapi.Caller
	leave  func()
}

// newStream makes a socket pair. The other end is the caller's.
func newStream(caller ipcapi.Caller, leave func()) (*stream, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "stream"), os.NewFile(uintptr(fds[1]), "stream")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return &stream{UnixConn: conn.(*net.UnixConn), caller: caller, leave: sync.OnceFunc(leave)}, theirs, nil
}

func (s *stream) Close() error {
	s.leave()
	return s.UnixConn.Close()
}

// connOf is the client's end of a socket pair that came from the bus.
func connOf(reply *wire.Args) (net.Conn, error) {
	file := reply.File()
	if file == nil {
		return nil, reply.Err()
	}
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	if _, ok := conn.(*net.UnixConn); !ok {
		conn.Close()
		return nil, errors.New("what the service handed over is no unix socket")
	}
	return conn, nil
}
