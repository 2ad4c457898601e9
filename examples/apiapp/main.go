// Command apiapp is a REST API in an app of its own, beside the authorization
// app: it asks it about every token, so a revocation is seen at once.
//
//	apiapp -issuer-service unix:/run/auth.sock -listen unix:/run/notes.sock
//
// Register it first, as the app that the system says it is, here one of the user 10013:
//
//	offlineauth client add --id notes-api --resource https://notes.example --app uid:10013
//
// Where the system cannot tell apps apart, register it with --secret in place of --app,
// run it with -secret, and give it the secret on its standard input.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/resource"
)

func main() {
	issuer := flag.String("issuer", "https://auth.example", "issuer identifier")
	issuerService := flag.String("issuer-service", "", "address of the authorization app")
	clientID := flag.String("client-id", "notes-api", "this app, as it is registered")
	audience := flag.String("resource", "https://notes.example", "resource identifier of this API")
	listen := flag.String("listen", "", "address to serve at")
	withSecret := flag.Bool("secret", false, "read a secret from standard input: arguments can be read by others")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	secret := ""
	if *withSecret {
		line := bufio.NewScanner(os.Stdin)
		line.Scan()
		secret = line.Text()
	}
	address, err := ipcapi.ParseAddress(*listen)
	if err != nil {
		log.Fatal(err)
	}
	guard, err := newGuard(*issuer, *issuerService, *clientID, secret, *audience)
	if err != nil {
		log.Fatal(err)
	}
	described := resource.Metadata{Resource: *audience, Issuers: []string{*issuer}, Service: ipcapi.Service{address}}
	guard.MetadataURL = described.URL()
	mux := http.NewServeMux()
	mux.Handle(described.Path(), described)
	mux.Handle("/notes", guard.Require("", http.HandlerFunc(notes)))
	if err := serve(ctx, address, mux); err != nil {
		log.Fatal(err)
	}
}

func newGuard(issuer, service, clientID, secret, audience string) (*resource.Guard, error) {
	address, err := ipcapi.ParseAddress(service)
	if err != nil {
		return nil, err
	}
	transport, err := unixipc.Transport(address, ipcapi.Limits{})
	if err != nil {
		return nil, err
	}
	return &resource.Guard{
		Introspector: &resource.Remote{
			Endpoint: issuer + "/introspect",
			Client:   &http.Client{Transport: transport, Timeout: 10 * time.Second},
			ClientID: clientID,
			Secret:   secret,
		},
		Audience: audience,
	}, nil
}

func serve(ctx context.Context, address ipcapi.Address, h http.Handler) error {
	listener, err := unixipc.Listen(address)
	if err != nil {
		return err
	}
	return unixipc.Serve(ctx, listener, unixipc.Config{Handler: h})
}

func notes(w http.ResponseWriter, r *http.Request) {
	token, _ := resource.TokenFrom(r.Context())
	fmt.Fprintf(w, "The notes of %s, for %s.\n", token.Subject, token.ClientID)
}
