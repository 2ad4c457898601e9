package control

import (
	"context"
	"net"
	"net/http"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// here is the API in this process: what a server would serve at its socket, over
// pipes, so that long work tells how far it is here, too.
type here struct {
	transport *ipcapi.StreamTransport
	server    *http.Server
	pipes     chan net.Conn
	closed    context.Context
	end       context.CancelFunc
}

func newHere(h http.Handler, caller ipcapi.Caller) *here {
	l := &here{pipes: make(chan net.Conn)}
	l.closed, l.end = context.WithCancel(context.Background())
	l.transport = ipcapi.NewStreamTransport(l.dial)
	l.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: ipcapi.DefaultTimeout,
		ConnContext:       func(ctx context.Context, _ net.Conn) context.Context { return ipcapi.WithCaller(ctx, caller) },
	}
	go l.server.Serve(l)
	return l
}

func (l *here) close() {
	l.transport.CloseIdleConnections()
	l.server.Close()
}

func (l *here) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.pipes <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (l *here) Accept() (net.Conn, error) {
	select {
	case conn := <-l.pipes:
		return conn, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *here) Close() error {
	l.end()
	return nil
}

// Addr implements [net.Listener].
func (l *here) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }
