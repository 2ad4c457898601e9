//go:build !linux

package unixipc

import (
	"context"
	"errors"
	"io/fs"
	"net"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// ListenConfig listens in another way than [Listen].
type ListenConfig struct {
	Mode fs.FileMode // of the socket
}

func unsupported(op string, a ipcapi.Address) error {
	return &ipcapi.Error{Op: op, Address: a, Err: errors.ErrUnsupported}
}

// Listen is not supported on this system.
func Listen(a ipcapi.Address) (net.Listener, error) { return nil, unsupported("listen", a) }

// Listen is not supported on this system.
func (ListenConfig) Listen(a ipcapi.Address) (net.Listener, error) {
	return nil, unsupported("listen", a)
}

// Serve closes l: it is not supported on this system.
func Serve(_ context.Context, l net.Listener, _ Config) error {
	l.Close()
	return unsupported("serve", ipcapi.Address{})
}

// PeerCaller is not supported on this system.
func PeerCaller(*net.UnixConn) (ipcapi.Caller, error) {
	return ipcapi.Caller{Transport: "unix", UID: -1, PID: -1}, unsupported("identify", ipcapi.Address{})
}

// Dial is not supported on this system.
func Dial(_ context.Context, a ipcapi.Address) (net.Conn, error) { return nil, unsupported("dial", a) }

// DialContext is not supported on this system.
func (d *Dialer) DialContext(ctx context.Context) (net.Conn, error) { return Dial(ctx, d.Address) }

// Exchange is not supported on this system.
func (d *Dialer) Exchange(context.Context, []byte) ([]byte, error) {
	return nil, unsupported("exchange", d.Address)
}

// CheckOwner is not supported on this system.
func CheckOwner(path string, _ int) error {
	return unsupported("check", ipcapi.Address{Scheme: ipcapi.Unix, Path: path})
}

// CheckFile is not supported on this system.
func CheckFile(string, int) error { return unsupported("check", ipcapi.Address{}) }

// Start is not supported on this system.
func Start(_ context.Context, a ipcapi.Address, _ []string) error { return unsupported("start", a) }
