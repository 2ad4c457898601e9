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

// Exchange sends one message on a connection of its own and waits for the
// answer, until ctx ends.
func (d *Dialer) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if d.Address.Scheme != ipcapi.UnixSeqpacket {
		return nil, &ipcapi.Error{Op: "exchange", Address: d.Address, Err: errors.ErrUnsupported}
	}
	response, err := d.exchangeOnce(ctx, request)
	for range attempts - 1 {
		if !errors.Is(err, errNotSent) {
			break
		}
		response, err = d.exchangeOnce(ctx, request)
	}
	if ctx.Err() != nil {
		return nil, ipcapi.WrapError("exchange", d.Address, ctx.Err())
	}
	var large *ipcapi.TooLargeError
	if errors.As(err, &large) {
		return nil, large
	}
	return response, ipcapi.WrapError("exchange", d.Address, err)
}

// attempts bounds how often a message goes to another process after one that
// ended before it took it.
const attempts = 3

var errNotSent = errors.New("the service ended before it took the message")

func (d *Dialer) exchangeOnce(ctx context.Context, request []byte) ([]byte, error) {
	conn, err := d.dial(ctx)
	if err != nil {
		return nil, ipcapi.WrapError("dial", d.Address, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	return d.exchange(conn, request)
}

// exchange sends and receives. A service may have answered and hung up before it
// took the request: that it is gone is then known first, and the answer after.
func (d *Dialer) exchange(conn *net.UnixConn, request []byte) ([]byte, error) {
	sent := send(conn, request)
	if sent != nil && !errors.Is(sent, unix.EPIPE) && !errors.Is(sent, unix.ECONNRESET) {
		return nil, sent
	}
	response, err := receive(conn, d.Limits.Message(), unbounded)
	if errors.Is(err, unix.ECONNRESET) {
		response, err = receive(conn, d.Limits.Message(), unbounded)
	}
	var large *ipcapi.TooLargeError
	switch {
	case errors.As(err, &large):
		large.Response = true
	case err != nil && sent != nil:
		return nil, fmt.Errorf("%w: %w", errNotSent, sent) // a packet goes whole or not at all
	}
	return response, err
}

func unbounded(int64) error { return nil }
