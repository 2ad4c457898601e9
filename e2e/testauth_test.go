//go:build linux

package e2e_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/ui"
)

// testauth is an authorization app that knows which app calls, as one on Android
// does: it asks the device. Redirects go to the registered app and to no other.
// Its data are as the real program's, which administers them.
func testauth() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := authorize(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testauth:", err)
		os.Exit(1)
	}
}

// authorize is «testauth serve [FLAG]...» or «testauth open [FLAG]... LINK».
func authorize(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: testauth serve|open [FLAG]...")
	}
	flags := flag.NewFlagSet("testauth", flag.ContinueOnError)
	code := flags.Duration("code", 0, "lifetime of codes")
	network := flags.Bool("network", false, "be reached by TLS: no ipc-service in redirects")
	approve := flags.Bool("approve", false, "accept")
	flags.Bool("deny", false, "deny, which is what happens anyway")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	dir := filepath.Join(os.Getenv("HOME"), ".local/share/offlineauth")
	open := func(ctx context.Context) (*offlineauth.Server, error) {
		return openServer(ctx, dir, authz.Lifetimes{Code: *code}, *network)
	}
	if args[0] == "serve" {
		return serve(ctx, dir, open)
	}
	return control.With(ctx, dir, open, func(api control.API) error {
		return decide(ctx, api, flags.Arg(0), *approve)
	})
}

func openServer(ctx context.Context, dir string, lifetimes authz.Lifetimes, network bool) (*offlineauth.Server, error) {
	services, err := ipcapi.ParseService(os.Getenv("SERVICE"))
	if err != nil {
		return nil, err
	}
	if network {
		services = nil
	}
	return offlineauth.New(ctx, offlineauth.Config{
		Issuer:    issuer,
		DataDir:   dir,
		Services:  services,
		Lifetimes: lifetimes,
		Scopes:    append(authz.DefaultScopes(), authz.Scope{Name: "notes", Description: "Read and write your notes"}),
		APIs:      []offlineauth.API{{Path: "/notes", Scope: "notes", Handler: http.HandlerFunc(notes)}},
	})
}

// decide answers a link and launches the redirect for the app that it is for.
func decide(ctx context.Context, api control.API, link string, approve bool) error {
	launcher := device.Launcher(os.Getenv(device.SocketVariable))
	launch := func(r control.Redirect) error {
		return launcher.Launch(ctx, linkhandler.Launch{URI: r.URI, App: r.App})
	}
	request, err := api.Begin(ctx, link)
	var refusal *control.Error
	if errors.As(err, &refusal) && refusal.Redirect != nil {
		return errors.Join(err, launch(*refusal.Redirect))
	}
	if err != nil {
		return err
	}
	if request.Redirect != nil { // the person has allowed this app the same before
		return launch(*request.Redirect)
	}
	decision := control.Decision{Method: "terminal", Decision: ui.Decision{Accept: approve, AccountID: request.Preferred().ID}}
	redirect, err := api.Decide(ctx, request.ID, decision)
	if err != nil {
		return err
	}
	return launch(redirect)
}

// serve answers at the sockets that the device passed, and the person's side.
func serve(ctx context.Context, dir string, open func(context.Context) (*offlineauth.Server, error)) error {
	listeners, err := passed()
	if err != nil {
		return err
	}
	server, err := open(ctx)
	if err != nil {
		return err
	}
	defer server.Close()
	person, err := unixipc.Listen(control.Address(dir))
	if err != nil {
		return err
	}
	stream, err := ipcapi.ParseAddress(os.Getenv("STREAM"))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return unixipc.Serve(ctx, person, unixipc.Config{Handler: control.OwnUser(control.Handler(server, nil))})
	})
	for name, l := range listeners {
		group.Go(func() error {
			if name == "https.sock" {
				return serveTLS(ctx, l, server.Handler())
			}
			return unixipc.Serve(ctx, l, unixipc.Config{
				Handler:       server.Handler(),
				Attestor:      device.Attestor(os.Getenv(device.SocketVariable)),
				StreamAddress: stream,
			})
		})
	}
	return group.Wait()
}

// serveTLS is the same server on the network, as far as its clients can see.
func serveTLS(ctx context.Context, l net.Listener, h http.Handler) error {
	config, err := serverTLS(os.Getenv("CERTIFICATE"))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(tls.NewListener(l, config)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// passed are the sockets of sd_listen_fds(3), by name.
func passed() (map[string]net.Listener, error) {
	if pid := os.Getenv("LISTEN_PID"); pid != strconv.Itoa(os.Getpid()) {
		return nil, fmt.Errorf("LISTEN_PID is %q: the device passed this process nothing", pid)
	}
	listeners := map[string]net.Listener{}
	for i, name := range strings.Split(os.Getenv("LISTEN_FDNAMES"), ":") {
		l, err := net.FileListener(os.NewFile(uintptr(3+i), name))
		if err != nil {
			return nil, err
		}
		listeners[name] = l
	}
	return listeners, nil
}

// notes is a REST API that takes notes of any size, and gives out size bytes.
func notes(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	size, err := strconv.Atoi(cmp.Or(r.FormValue("size"), "0"))
	if err != nil || size < 0 {
		http.Error(w, "size is not a number of bytes", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "read %d bytes\n%s", n, strings.Repeat("n", size))
}
