package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"github.com/offlineauth/offlineauth"
)

// httpsFlags say where the network reaches the server. They are not remembered:
// nobody is to be on the network without having said so.
type httpsFlags struct {
	address, certificate, key string
	tls                       *tls.Config // nil if the network is not let in
}

func (f *httpsFlags) addTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.address, "https", "", "serve the network, too, at this `HOST:PORT`; every account needs a password")
	flags.StringVar(&f.certificate, "tls-cert", "", "`FILE` with the certificate of the issuer's host, and those that lead to its root")
	flags.StringVar(&f.key, "tls-key", "", "`FILE` with the key of the certificate")
}

// Limits for those beyond this device. Within an exchange everything has to come,
// and to be taken, in time: a network peer is nobody's app.
const (
	networkConns   = 512
	networkHead    = 10 * time.Second
	networkRequest = time.Minute
	networkAnswer  = 5 * time.Minute
	networkIdle    = 2 * time.Minute
	networkGrace   = 5 * time.Second
)

// load reads the files, once.
func (f *httpsFlags) load() error {
	switch {
	case f.address == "" && f.certificate == "" && f.key == "":
		return nil
	case f.address == "" || f.certificate == "" || f.key == "":
		return usageError("--https, --tls-cert and --tls-key go together")
	}
	certificate, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	f.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return nil
}

// network is the server's listener for the network; a nil one serves nothing.
type network struct {
	listener net.Listener
	server   *http.Server
}

// listen opens the address, unless somebody could sign in without a password.
func (f *httpsFlags) listen(ctx context.Context, server *offlineauth.Server) (*network, error) {
	if f.tls == nil {
		return nil, nil
	}
	handler, err := server.Online(ctx)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.address)
	if err != nil {
		return nil, err
	}
	return &network{netutil.LimitListener(l, networkConns), &http.Server{
		Handler:           handler,
		TLSConfig:         f.tls,
		ReadHeaderTimeout: networkHead,
		ReadTimeout:       networkRequest,
		WriteTimeout:      networkAnswer,
		IdleTimeout:       networkIdle,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelInfo),
	}}, nil
}

// serve serves HTTP/1.1 and HTTP/2 until ctx ends, and then what is under way.
func (n *network) serve(ctx context.Context, idle *idleWatch) error {
	n.server.Handler = idle.count(n.server.Handler)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), networkGrace)
		defer cancel()
		if n.server.Shutdown(ending) != nil {
			n.server.Close()
		}
	})
	err := n.server.ServeTLS(n.listener, "", "")
	if stop() {
		return err
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (n *network) close() {
	if n != nil {
		n.listener.Close()
	}
}
