package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/linkhandler/desktop"
)

// sockets are where a server is reached: by the person's commands, by apps, and by
// the desktop.
type sockets struct {
	control net.Listener
	apps    []net.Listener
	names   []busName
	network *network // nil if the network is not let in
}

// busName is a name that the server is to have on a bus.
type busName struct {
	bus     *dbusipc.Bus
	address ipcapi.Address
}

// listen opens the control socket, and the addresses beside what was passed. It
// returns what is open also when one of them fails.
func listen(ctx context.Context, dir string, passed []net.Listener, wanted []ipcapi.Address) (sockets, error) {
	s := sockets{apps: passed}
	var err error
	if s.control, err = unixipc.Listen(control.Address(dir)); err != nil {
		return s, err
	}
	for _, a := range wanted {
		if err := s.open(ctx, a); err != nil {
			return s, err
		}
	}
	if len(wanted) > 0 && len(s.apps)+len(s.names) == 0 {
		return s, errors.New("there is no session bus, and no other address to serve at: name one with --ipc")
	}
	return s, nil
}

func (s *sockets) open(ctx context.Context, a ipcapi.Address) error {
	if a.Scheme == ipcapi.DBus {
		bus, err := dbusipc.Open(ctx, a.Bus)
		if errors.Is(err, ipcapi.ErrNoService) { // as in a terminal without a desktop
			slog.Info("not served on the bus", "address", a.String(), "reason", err)
			return nil
		}
		if err == nil {
			s.names = append(s.names, busName{bus, a})
		}
		return err
	}
	l, err := unixipc.Listen(a)
	if err == nil {
		s.apps = append(s.apps, l)
	}
	return err
}

// serve serves until ctx or the server ends, a listener fails, or nobody has
// asked for a while.
//
// The control socket ends first. Once the apps' addresses are given up the next
// server may be started, and it waits for the directory only if no other answers at
// the control socket.
func (s sockets) serve(ctx context.Context, server *offlineauth.Server, idle *idleWatch) error {
	watched, stop := idle.watch(ctx)
	defer stop()
	go func() {
		select {
		case <-server.Ended():
			stop()
		case <-watched.Done():
		}
	}()
	group, ctx := errgroup.WithContext(watched)
	asking, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	desk := newDesk(asking, server, idle)
	defer desk.wait()
	group.Go(func() error {
		defer end()
		handler := control.OwnUser(control.Handler(server, desk.Open))
		return unixipc.Serve(ctx, s.control, unixipc.Config{Handler: idle.count(handler), Logger: slog.Default()})
	})
	budget := new(ipcapi.Budget) // one for all sockets
	for _, l := range s.apps {
		group.Go(func() error {
			return unixipc.Serve(asking, l, unixipc.Config{Handler: idle.count(server.Handler()), StreamAddress: s.stream(), Budget: budget, Logger: slog.Default()})
		})
	}
	for _, n := range s.names {
		group.Go(func() error {
			return n.serve(asking, dbusipc.Config{Handler: idle.count(server.Handler()), Budget: budget, Logger: slog.Default()}, desk)
		})
	}
	if s.network != nil {
		group.Go(func() error { return s.network.serve(ctx, idle) })
	}
	group.Go(func() error { return server.Forward(ctx) })
	return group.Wait()
}

func (n busName) serve(ctx context.Context, cfg dbusipc.Config, desk *desk) error {
	desktop.Export(n.bus, n.address.Name, desk)
	return dbusipc.Serve(ctx, n.bus, n.address, cfg)
}

// stream is where those go whose messages are too large.
func (s sockets) stream() ipcapi.Address {
	for _, l := range s.apps {
		if a := addressOf(l); a.Scheme != ipcapi.UnixSeqpacket {
			return a
		}
	}
	return ipcapi.Address{}
}

func (s sockets) close() {
	if s.control != nil {
		s.control.Close()
	}
	closeAll(s.apps)
	s.network.close()
	for _, n := range s.names {
		n.bus.Close()
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// addressOf is where a listener of a unix socket listens.
func addressOf(l net.Listener) ipcapi.Address {
	address := l.Addr().(*net.UnixAddr)
	switch {
	case address.Net == "unixpacket":
		return ipcapi.Address{Scheme: ipcapi.UnixSeqpacket, Path: address.Name}
	case strings.HasPrefix(address.Name, "@"):
		return ipcapi.Address{Scheme: ipcapi.UnixAbstract, Name: address.Name[1:]}
	}
	return ipcapi.Address{Scheme: ipcapi.Unix, Path: address.Name}
}
