package unixipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// How long Serve waits.
const (
	grace       = 5 * time.Second        // for requests under way, when it is to end
	greet       = 250 * time.Millisecond // then, for a message on a connection just made
	packetLimit = 10 * time.Second       // for a request to come, and for an answer to be taken
	writeLimit  = 30 * time.Second       // for a stream's client to take the next bytes
)

// Serve answers on l until ctx ends, then waits a few seconds for requests
// under way and returns nil. It closes l. A listener for SOCK_SEQPACKET gets
// the message wire, one for SOCK_STREAM the stream wire; l may come from
// [Listen] or, for an inherited socket, from net.FileListener. Those who had
// connected to the one are answered, and those who come after are told that
// nobody is there; who waits at the other is left to its holder.
func Serve(ctx context.Context, l net.Listener, cfg Config) error {
	if cfg.Handler == nil {
		l.Close()
		return errors.New("unixipc: Config.Handler is missing")
	}
	limited := &limitedListener{Listener: l, max: cfg.maxConns(), open: map[int]int{}}
	switch network := l.Addr().Network(); network {
	case "unixpacket":
		return newPacketServer(cfg).run(ctx, limited)
	case "unix":
		return serveStreams(ctx, limited, cfg)
	default:
		l.Close()
		return fmt.Errorf("unixipc: cannot serve on a %s listener: %w", network, errors.ErrUnsupported)
	}
}

func serveStreams(ctx context.Context, l net.Listener, cfg Config) error {
	return ipcapi.ServeStreams(ctx, l, cfg.Handler, ipcapi.StreamConfig{
		Caller: func(ctx context.Context, conn net.Conn) (ipcapi.Caller, error) {
			return cfg.identify(ctx, conn.(*limitedConn).UnixConn)
		},
		Limits: cfg.Limits,
		Budget: cfg.budget(),
		Logger: cfg.Logger,
	})
}

func (c Config) identify(ctx context.Context, conn *net.UnixConn) (ipcapi.Caller, error) {
	caller, err := PeerCaller(conn)
	if err != nil {
		return caller, err
	}
	return c.attest(ctx, caller)
}
