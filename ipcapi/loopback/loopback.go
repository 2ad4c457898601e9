// Package loopback is the embedded localhost server: a client app that can only
// speak http:// to a base URL gets one, and its requests go to the issuer over
// whatever transport the app has, such as IPC.
//
// Call [Start] and hand [Server.BaseURL] to the HTTP library. The URL holds a
// secret: who knows it can make requests, though not with the app's tokens
// unless they have those too. Do not log it, and prefer a transport in the
// process where the library takes one.
//
// Web pages may use it only if they are of one of [Config.Origins], and have been
// told the URL. They get no WebSocket: nothing but requests and answers, which may
// stream both ways, passes. What a request says about whom it was forwarded for is
// dropped.
//
// Cookies do not pass in either direction: those of a loopback address are
// shared by all its ports, and so by all servers on the device.
package loopback

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/netutil"
)

// Config says where requests go. Issuer and Transport are required.
type Config struct {
	Issuer    string            // base URL: what follows the secret is appended to it
	Transport http.RoundTripper // carries requests for the issuer; sets Response.Request, as net/http's does
	Listen    string            // host:port with a loopback address; empty means "127.0.0.1:0"
	Origins   []string          // of web pages that are told the base URL and may use it, such as "https://app.example"
	Logger    *slog.Logger      // nil means slog.Default()
}

// maxConns bounds what an app that knows only the port can take up. Connections
// that are refused, or say nothing for some seconds, are closed.
const maxConns = 256

// Server is a running localhost server.
type Server struct {
	base   string
	server *http.Server
	done   chan struct{}
	err    error // valid when done is closed
}

// Start listens and serves until ctx ends or [Server.Close] is called.
func Start(ctx context.Context, c Config) (*Server, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" {
		return nil, fmt.Errorf("loopback: issuer %q is not a base URL", c.Issuer)
	}
	if c.Transport == nil {
		return nil, errors.New("loopback: Config.Transport is missing")
	}
	if err := checkOrigins(c.Origins); err != nil {
		return nil, err
	}
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return nil, err
	}
	logger := c.Logger
	if logger == nil {
		logger = slog.Default()
	}
	secret := rand.Text()
	base := "http://" + l.Addr().String()
	proxy := newProxy(c, issuer, base, secret, logger)
	s := &Server{base: base + "/" + secret, done: make(chan struct{}), server: &http.Server{
		Addr:              l.Addr().String(),
		Handler:           proxy,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}
	go s.run(ctx, netutil.LimitListener(l, maxConns))
	return s, nil
}

// listen refuses every address that another machine could reach.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("loopback: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("loopback: %q is not a loopback address: use 127.0.0.1 or [::1]", host)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

func (s *Server) run(ctx context.Context, l net.Listener) {
	defer close(s.done)
	stop := context.AfterFunc(ctx, func() { s.server.Close() })
	defer stop()
	if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		s.err = err
	}
}

// BaseURL stands for the issuer: BaseURL()+"/token" is the issuer's /token. It
// has no slash at its end.
func (s *Server) BaseURL() string { return s.base }

// Wait returns when the server has ended: nil if it was told to.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Close ends the server and the requests under way.
func (s *Server) Close() error {
	err := s.server.Close()
	<-s.done
	return err
}
