package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/loopback"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/linkhandler"
)

type proxyCommand struct {
	verboseFlag
	issuer, service, listen string
	origins                 []string
}

func newProxy(t *terminal) *cobra.Command {
	var p proxyCommand
	c := runnable(&cobra.Command{
		Use:   "proxy",
		Short: "Serve an issuer's API on localhost, for clients that want plain http",
	}, func(ctx context.Context) error { return p.run(ctx, t) })
	p.addTo(c)
	flags := c.Flags()
	flags.StringVar(&p.issuer, "issuer", "", "issuer identifier, an https `URL`")
	flags.StringVar(&p.service, "ipc-service", "", "`ADDR`ess the issuer is served at, such as unix:/run/user/1000/auth.sock; you vouch for it")
	flags.StringVar(&p.listen, "listen", "127.0.0.1:0", "loopback `HOST:PORT` to listen at")
	flags.StringArrayVar(&p.origins, "origin", nil, "`ORIGIN` of a web page that is told the URL and may use it, such as https://app.example; may be repeated")
	require(c, "issuer", "ipc-service")
	return c
}

func (c *proxyCommand) run(ctx context.Context, t *terminal) error {
	c.log(t, slog.LevelWarn)
	service, err := ipcapi.ParseService(c.service)
	if err != nil {
		return asUsage(fmt.Errorf("--ipc-service: %w", err))
	}
	if _, err := linkhandler.NewEndpoint(c.issuer, ""); err != nil {
		return asUsage(err)
	}
	transport, err := verified(ctx, c.issuer, service)
	if err != nil {
		return err
	}
	server, err := loopback.Start(ctx, loopback.Config{Issuer: c.issuer, Transport: transport, Listen: c.listen, Origins: c.origins})
	var busy *net.OpError
	if err != nil && !errors.As(err, &busy) {
		return asUsage(fmt.Errorf("--listen, --origin: %w", err))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.err, "offlineauth: serving %s at this base URL; keep it to yourself, it holds a secret:\n", c.issuer)
	return errors.Join(printLine(t, server.BaseURL()), server.Wait())
}

// verified opens a service that the person vouches for. Vouching for a path does
// not extend to whoever put a socket there: it must be root's or this user's.
func verified(ctx context.Context, issuer string, service ipcapi.Service) (http.RoundTripper, error) {
	pinned := client.Pinned{issuer: service}
	accepted, err := pinned.Verify(ctx, issuer, service)
	if err != nil {
		return nil, err
	}
	address := preferStream(accepted)
	dialer := &unixipc.Dialer{Address: address, VerifyPeer: func(peer ipcapi.Caller) error {
		return pinned.VerifyPeer(issuer, address, peer)
	}}
	transport, err := dialer.Transport()
	if err != nil {
		return nil, asUsage(err)
	}
	return ipcapi.Hop(transport, address.String(), nil), nil
}

func preferStream(service ipcapi.Service) ipcapi.Address {
	for _, a := range service {
		if a.Scheme != ipcapi.UnixSeqpacket {
			return a
		}
	}
	return service[0]
}
