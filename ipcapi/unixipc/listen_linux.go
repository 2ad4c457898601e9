package unixipc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"golang.org/x/sys/unix"
)

// startLimit bounds the wait for another process that is starting on the same path.
const startLimit = 5 * time.Second

// ListenConfig listens in another way than [Listen].
type ListenConfig struct {
	Mode fs.FileMode // of the socket; zero means 0600: this user alone
}

// Listen opens a socket that only this user can connect to. It makes the
// directory of a path, with mode 0700, if there is none, and takes the place of
// a socket file at which nobody answers. If a service does answer the error is
// syscall.EADDRINUSE. While it starts it holds a lock on a file beside the socket,
// whose name ends in ".lock". The errors are of package ipcapi.
//
// An abstract socket has no mode: every process of the machine can connect.
func Listen(a ipcapi.Address) (net.Listener, error) { return ListenConfig{}.Listen(a) }

// Listen is as the function [Listen].
func (c ListenConfig) Listen(a ipcapi.Address) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	addr, err := socketAddr(a)
	if err != nil {
		return nil, ipcapi.WrapError("listen", a, err)
	}
	var l net.Listener
	if a.Scheme == ipcapi.UnixAbstract {
		l, err = new(net.ListenConfig).Listen(ctx, addr.Net, addr.Name)
	} else {
		l, err = c.listenPath(ctx, addr)
	}
	if err != nil {
		return nil, ipcapi.WrapError("listen", a, err)
	}
	return &ownListener{UnixListener: l.(*net.UnixListener)}, nil
}

func (c ListenConfig) listenPath(ctx context.Context, addr *net.UnixAddr) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(addr.Name), 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockPath(ctx, addr.Name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(ctx, addr); err != nil {
		return nil, err
	}
	mode := c.Mode.Perm()
	if mode == 0 {
		mode = 0o600
	}
	// The mode of an unbound socket limits that of its file: the file never has
	// a wider one, not even for a moment.
	narrow := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		return errors.Join(raw.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), uint32(mode)) }), err)
	}}
	l, err := narrow.Listen(ctx, addr.Net, addr.Name)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(addr.Name, mode); err != nil { // past the umask
		l.Close()
		return nil, err
	}
	return l, nil
}

// removeStale removes a socket only if the kernel says that no process listens
// on it; a full queue or a socket of the other type are signs of life.
func removeStale(ctx context.Context, addr *net.UnixAddr) error {
	info, err := os.Lstat(addr.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is in the way and not a socket: remove it", addr.Name)
	}
	conn, err := new(net.Dialer).DialUnix(ctx, addr.Net, nil, addr)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("another process already serves here: %w", unix.EADDRINUSE)
	case errors.Is(err, unix.ECONNREFUSED):
		return os.Remove(addr.Name)
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EPROTOTYPE):
		return fmt.Errorf("another process already serves here: %w", unix.EADDRINUSE)
	}
	return err
}
