package dbusipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// Connect returns the client's end of the stream wire to a D-Bus address. For others,
// and where there is no bus, the error is errors.ErrUnsupported: it is a
// client.Config.Connect.
func Connect(a ipcapi.Address) (http.RoundTripper, error) {
	if _, err := busSockets(a.Bus); a.Scheme == ipcapi.DBus && err != nil {
		return nil, errors.Join(errors.ErrUnsupported, err)
	}
	return (&Dialer{Address: a}).Transport()
}

// Transport returns the client's end of the stream wire.
func (d *Dialer) Transport() (http.RoundTripper, error) {
	if d.Address.Scheme != ipcapi.DBus {
		return nil, &ipcapi.Error{Op: "dial", Address: d.Address, Err: errors.ErrUnsupported}
	}
	t := ipcapi.NewStreamTransport(d.DialContext)
	t.Address, t.Limits, t.Timeout = d.Address, d.Limits, d.Timeout
	return &transport{t, d}, nil
}

type transport struct {
	*ipcapi.StreamTransport
	dialer *Dialer
}

func (t *transport) CloseIdleConnections() {
	t.StreamTransport.CloseIdleConnections()
	t.dialer.CloseIdleConnections()
}

// CloseIdleConnections ends the connection to the bus. Streams stay.
func (d *Dialer) CloseIdleConnections() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bus != nil {
		d.bus.Close()
		d.bus, d.owner = nil, ""
	}
}

// DialContext has the service started if it does not run, verifies it, and returns
// a stream to it.
func (d *Dialer) DialContext(ctx context.Context) (net.Conn, error) {
	reply, err := d.call(ctx, "Connect", wire.Body{}, 0)
	if err != nil {
		return nil, wrap("dial", d.Address, err)
	}
	defer reply.Close()
	conn, err := connOf(reply)
	if err != nil {
		return nil, wrap("dial", d.Address, err)
	}
	return conn, nil
}

// Exchange sends one message by the method Handle and waits for the answer, until
// ctx ends. It implements ipcapi.Exchanger.
func (d *Dialer) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if limit := d.Limits.Message(); int64(len(request)) > limit {
		return nil, &ipcapi.TooLargeError{Limit: limit}
	}
	var args wire.Body
	args.Bytes(request)
	reply, err := d.call(ctx, "Handle", args, d.Limits.Message()+4)
	if errors.Is(err, errAnswerTooLarge) {
		return nil, &ipcapi.TooLargeError{Limit: d.Limits.Message(), Response: true}
	}
	if err != nil {
		return nil, wrap("exchange", d.Address, err)
	}
	defer reply.Close()
	response := reply.Bytes()
	return response, wrap("exchange", d.Address, reply.Err())
}

// attempts bounds how often a call goes to a service that ends each time. On a busy
// machine one that ends soon may do so several times before it is called.
const attempts = 50

// call calls the process that has the name, and no other one that may take the name
// in the meantime. If that process ended before it took the call, or says that it
// ends, the next one is verified and called. A call of Handle that may have been
// carried out is not repeated.
func (d *Dialer) call(ctx context.Context, method string, args wire.Body, limit int64) (*wire.Args, error) {
	for attempt := 1; ; attempt++ {
		bus, owner, err := d.verified(ctx)
		if err != nil {
			return nil, err
		}
		reply, err := bus.Call(ctx, Call{Destination: owner, Object: ObjectPath(d.Address), Interface: Interface, Member: method, Args: args, Limit: limit})
		if err == nil {
			return reply, nil
		}
		if !gone(err) && bus.Context().Err() == nil {
			return nil, err
		}
		d.forget(bus, owner)
		if again := method == "Connect" || isKind(err, ipcapi.ErrNoService); !again || attempt == attempts || ctx.Err() != nil {
			return nil, err
		}
	}
}

// verified returns the process that has the name, started if need be. It stays the
// one as long as it lives.
func (d *Dialer) verified(ctx context.Context) (*Bus, string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bus == nil || d.bus.Context().Err() != nil {
		bus, err := Open(ctx, d.Address.Bus)
		if err != nil {
			return nil, "", err
		}
		d.bus, d.owner = bus, ""
	}
	if d.owner != "" {
		return d.bus, d.owner, nil
	}
	owner, caller, err := d.bus.Start(ctx, d.Address.Name)
	if err != nil {
		return nil, "", err
	}
	if err := d.verify(caller); err != nil {
		return nil, "", &ipcapi.Error{Op: "verify", Address: d.Address, Kind: ipcapi.ErrRefused, Err: err}
	}
	d.owner = owner
	return d.bus, owner, nil
}

func (d *Dialer) verify(peer ipcapi.Caller) error {
	if d.VerifyPeer != nil {
		return d.VerifyPeer(peer)
	}
	if peer.UID != os.Getuid() && peer.UID != 0 {
		return fmt.Errorf("the service runs as user %d", peer.UID)
	}
	return nil
}

func (d *Dialer) forget(bus *Bus, owner string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bus == bus && d.owner == owner {
		d.owner = ""
	}
}
