package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
)

type serveCommand struct {
	dataFlag
	servingFlags
	idleExit time.Duration
	verboseFlag
	https httpsFlags
}

func newServe(t *terminal) *cobra.Command {
	var s serveCommand
	c := runnable(&cobra.Command{
		Use:   "serve",
		Short: "Serve apps over IPC until a signal, or until nobody has asked for a while",
		Long: `Serve apps over IPC until a signal, or until nobody has asked for a while.

The issuer, the addresses and the scheme are remembered in the data directory.
Sockets that the system passes (LISTEN_FDS, see sd_listen_fds(3)) are served too.`,
	}, func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	s.servingFlags.addTo(c)
	s.verboseFlag.addTo(c)
	s.https.addTo(c)
	flags := c.Flags()
	flags.DurationVar(&s.idleExit, "idle-exit", 0, "exit when nobody has asked for this `DURATION` (default never)")
	return c
}

func (c *serveCommand) run(ctx context.Context, t *terminal) error {
	if c.idleExit < 0 {
		return usageError("--idle-exit is a time to wait, such as 30s")
	}
	c.log(t, slog.LevelInfo)
	dir, err := c.dir()
	if err != nil {
		return err
	}
	if err := c.https.load(); err != nil {
		return err
	}
	passed, err := activated()
	if err != nil {
		return err
	}
	defer closeAll(passed)
	s, wanted, err := c.apply(dir, passed)
	if err != nil {
		return err
	}
	for {
		restored, err := c.serveOnce(ctx, t, dir, s, passed, wanted)
		if !restored || len(passed) > 0 { // what was passed is closed: the system starts the next process
			return err
		}
	}
}

// serveOnce serves until it is to end, or the files have been restored.
func (c *serveCommand) serveOnce(ctx context.Context, t *terminal, dir string, s settings, passed []net.Listener, wanted ipcapi.Service) (restored bool, err error) {
	// The directory comes before the sockets: of two servers started at once, the
	// one that does not get it touches nothing of the other's.
	server, err := take(ctx, dir, s)
	if err != nil {
		return false, withWayOut(err)
	}
	sockets, err := listen(ctx, dir, passed, wanted)
	if err == nil {
		sockets.network, err = c.https.listen(ctx, server)
	}
	if err == nil {
		err = s.save(dir)
	}
	if err == nil {
		if sockets.network != nil {
			fmt.Fprintf(t.err, "offlineauth: serving the network at %s\n", sockets.network.listener.Addr())
		}
		fmt.Fprintf(t.err, "offlineauth: serving %s at %s\n", s.Issuer, s.IPCService)
		err = sockets.serve(ctx, server, newIdleWatch(c.idleExit))
	}
	sockets.close()
	select {
	case <-server.Ended():
		restored = true
	default:
	}
	return restored && err == nil && ctx.Err() == nil, errors.Join(err, server.Close())
}

// take opens the directory, if need be after the commands that have it open.
func take(ctx context.Context, dir string, s settings) (*offlineauth.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout+patience(dir))
	defer cancel()
	return control.Take(ctx, dir, func(ctx context.Context) (*offlineauth.Server, error) { return s.open(ctx, dir) })
}
