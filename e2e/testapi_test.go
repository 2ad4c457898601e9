//go:build linux

package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/resource"
)

// notesAPI is the resource identifier of the API app.
const notesAPI = "https://notes.example"

// testapi is a REST API in an app of its own. It asks the authorization app about
// each token, as whom the system says it is; with -signed it checks signatures alone.
func testapi() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := serveNotes(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "testapi:", err)
		os.Exit(1)
	}
}

func serveNotes(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("testapi", flag.ContinueOnError)
	signed := flags.Bool("signed", false, "check signatures alone")
	if err := flags.Parse(args); err != nil {
		return err
	}
	service, err := ipcapi.ParseService(os.Getenv("API_SERVICE"))
	if err != nil {
		return err
	}
	introspector, err := newIntrospector(*signed)
	if err != nil {
		return err
	}
	described := resource.Metadata{Resource: notesAPI, Issuers: []string{issuer}, Service: service}
	guard := &resource.Guard{Introspector: introspector, Audience: notesAPI, MetadataURL: described.URL()}
	mux := http.NewServeMux()
	mux.Handle(described.Path(), described)
	mux.Handle("/notes", guard.Require("openid", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.TokenFrom(r.Context())
		fmt.Fprintln(w, "the notes for", token.ClientID)
	})))
	return serveAPI(ctx, mux)
}

func newIntrospector(signed bool) (resource.Introspector, error) {
	address, err := ipcapi.ParseAddress(os.Getenv("STREAM"))
	if err != nil {
		return nil, err
	}
	transport, err := unixipc.Transport(address, ipcapi.Limits{})
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	if signed {
		return &resource.Signed{Issuer: issuer, KeysURL: issuer + "/jwks", Client: client}, nil
	}
	return &resource.Remote{Endpoint: issuer + "/introspect", Client: client, ClientID: os.Getenv("CLIENT_ID")}, nil
}

// serveAPI answers at the sockets that the device passed.
func serveAPI(ctx context.Context, h http.Handler) error {
	listeners, err := passed()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		group.Go(func() error {
			return unixipc.Serve(ctx, l, unixipc.Config{Handler: h, Attestor: device.Attestor(os.Getenv(device.SocketVariable))})
		})
	}
	return group.Wait()
}
