package unixipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"golang.org/x/sys/unix"
)

// Dial opens a connection to a stream address. It ends when ctx does; the
// errors are of package ipcapi.
func Dial(ctx context.Context, a ipcapi.Address) (net.Conn, error) {
	return (&Dialer{Address: a}).DialContext(ctx)
}

// DialContext opens a connection and verifies its peer.
func (d *Dialer) DialContext(ctx context.Context) (net.Conn, error) {
	conn, err := d.dial(ctx)
	if err != nil {
		return nil, ipcapi.WrapError("dial", d.Address, err)
	}
	return conn, nil
}

func (d *Dialer) dial(ctx context.Context) (*net.UnixConn, error) {
	addr, err := socketAddr(d.Address)
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, addr)
	if d.Start != nil && errors.Is(ipcapi.WrapError("dial", d.Address, err), ipcapi.ErrNoService) {
		if err := d.Start(ctx); err != nil {
			return nil, err
		}
		conn, err = connect(ctx, addr)
	}
	if err != nil || d.VerifyPeer == nil {
		return conn, err
	}
	peer, err := PeerCaller(conn)
	if err == nil {
		err = d.VerifyPeer(peer)
	}
	if err != nil {
		conn.Close()
		return nil, &ipcapi.Error{Op: "verify", Address: d.Address, Kind: ipcapi.ErrRefused, Err: err}
	}
	return conn, nil
}

// connect waits while the service's queue of connections is full, which a unix
// socket reports by EAGAIN at once.
func connect(ctx context.Context, addr *net.UnixAddr) (*net.UnixConn, error) {
	var dialer net.Dialer
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		conn, err := dialer.DialUnix(ctx, addr.Net, nil, addr)
		if !errors.Is(err, unix.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func socketAddr(a ipcapi.Address) (*net.UnixAddr, error) {
	switch a.Scheme {
	case ipcapi.Unix:
		return &net.UnixAddr{Net: "unix", Name: a.Path}, nil
	case ipcapi.UnixAbstract:
		return &net.UnixAddr{Net: "unix", Name: "@" + a.Name}, nil
	case ipcapi.UnixSeqpacket:
		return &net.UnixAddr{Net: "unixpacket", Name: a.Path}, nil
	}
	return nil, fmt.Errorf("%w: %q is not a unix socket", errors.ErrUnsupported, a.Scheme)
}
