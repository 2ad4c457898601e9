// Command authapp is an authorization app with a REST API of its own: a tiny
// learning management system that keeps notes. It shows what a maker writes;
// accounts, consent, tokens and the service are the library's.
//
//	authapp -data DIR serve            what the system starts when an app connects
//	authapp -data DIR open LINK        what the system does when the link is launched
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

func main() {
	data := flag.String("data", "", "data directory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *data, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, data string, args []string) error {
	if data == "" || len(args) == 0 {
		return errors.New("usage: authapp -data DIR serve | open LINK")
	}
	address := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(data, "ipc", "http.sock")}
	server, err := offlineauth.New(ctx, offlineauth.Config{
		Issuer:   "https://lms.example",
		DataDir:  data,
		Services: ipcapi.Service{address},
		Scopes:   append(authz.DefaultScopes(), authz.Scope{Name: "notes", Description: "Read your notes"}),
		APIs:     []offlineauth.API{{Path: "/notes", Scope: "notes", Handler: http.HandlerFunc(notes)}},
	})
	if err != nil {
		return err
	}
	defer server.Close()
	if err := firstRun(ctx, server); err != nil {
		return err
	}
	if args[0] == "open" && len(args) == 2 {
		return open(ctx, server, args[1])
	}
	listener, err := unixipc.Listen(address)
	if err != nil {
		return err
	}
	return unixipc.Serve(ctx, listener, unixipc.Config{Handler: server.Handler()})
}

// firstRun makes what a real app's own screens would: a person, and a known client.
func firstRun(ctx context.Context, server *offlineauth.Server) error {
	_, _, err := server.AddClient(ctx, authz.Registration{
		ID:           "maths",
		Name:         "Maths",
		RedirectURIs: []string{"com.example.maths:/done"},
		Scopes:       []string{"openid", "profile", "notes"},
	})
	if err != nil {
		return err
	}
	_, err = server.AddAccount(ctx, "amina", "Amina")
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// open asks the person and answers the app.
func open(ctx context.Context, server *offlineauth.Server, link string) error {
	request, err := server.Begin(ctx, link)
	if err != nil {
		return err
	}
	if request.Launch != nil { // the person has allowed this app the same before
		return linkhandler.CommandLauncher{}.Launch(ctx, *request.Launch)
	}
	decision, err := ui.Prompt(ctx, os.Stdin, os.Stdout, request.Consent)
	if err != nil {
		return err
	}
	launch, err := server.Resolve(ctx, request.ID, decision, "terminal")
	if err != nil {
		return err
	}
	return linkhandler.CommandLauncher{}.Launch(ctx, launch)
}

// notes is the maker's own API. It sees only requests with a token that is good.
func notes(w http.ResponseWriter, r *http.Request) {
	token, _ := resource.TokenFrom(r.Context())
	fmt.Fprintf(w, "The notes of %s, for %s.\n", token.Subject, token.ClientID)
}
