//go:build !linux

package dbusipc

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// A Bus is a connection to a message bus.
type Bus struct{}

func unsupported(op string, a ipcapi.Address) error {
	return &ipcapi.Error{Op: op, Address: a, Err: errors.ErrUnsupported}
}

// Open is not supported on this system.
func Open(context.Context, string) (*Bus, error) {
	return nil, unsupported("connect to the bus", ipcapi.Address{})
}

// Serve is not supported on this system.
func Serve(_ context.Context, _ *Bus, a ipcapi.Address, _ Config) error {
	return unsupported("serve", a)
}

// Connect is not supported on this system.
func Connect(a ipcapi.Address) (http.RoundTripper, error) { return nil, unsupported("dial", a) }

// Transport is not supported on this system.
func (d *Dialer) Transport() (http.RoundTripper, error) { return Connect(d.Address) }

// CloseIdleConnections does nothing.
func (d *Dialer) CloseIdleConnections() {}

// DialContext is not supported on this system.
func (d *Dialer) DialContext(context.Context) (net.Conn, error) {
	return nil, unsupported("dial", d.Address)
}

// Exchange is not supported on this system.
func (d *Dialer) Exchange(context.Context, []byte) ([]byte, error) {
	return nil, unsupported("exchange", d.Address)
}
