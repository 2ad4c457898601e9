package offlineauth_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/ui"
)

// An authorization app opens its directory, registers the apps it knows, and
// serves its callers' side on the device's IPC.
func Example() {
	dir, err := os.MkdirTemp("", "authorization-app")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())

	address, err := ipcapi.ParseAddress("unix:" + dir + "/stream.sock")
	if err != nil {
		log.Fatal(err)
	}
	server, err := offlineauth.New(ctx, offlineauth.Config{
		Issuer:   "https://auth.example",
		DataDir:  dir,
		Services: ipcapi.Service{address}, // what redirects tell clients
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	if _, err := server.AddAccount(ctx, "amina", "Amina"); err != nil {
		log.Fatal(err)
	}
	client, _, err := server.AddClient(ctx, authz.Registration{
		ID:           "maths",
		Name:         "Maths for All",
		RedirectURIs: []string{"com.example.maths:/done"},
		Scopes:       []string{"openid", "profile"},
	})
	if err != nil {
		log.Fatal(err)
	}

	listener, err := unixipc.Listen(address)
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- unixipc.Serve(ctx, listener, unixipc.Config{Handler: server.Handler()}) }()

	fmt.Println("serving", client.Name)
	stop()
	<-served
	// Output: serving Maths for All
}

// When the device opens an authorization link in the app, the app shows the
// request in its own way, and launches the redirect that comes of the decision.
func ExampleServer_Begin() {
	dir, server := exampleServer(offlineauth.Config{})
	defer os.RemoveAll(dir)
	defer server.Close()
	ctx := context.Background()

	request, err := server.Begin(ctx, "https://auth.example/authorize"+
		"?client_id=maths&redirect_uri=com.example.maths:/done&response_type=code&scope=openid+profile&state=af0ifjsldkj"+
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(request.Title())
	for _, scope := range request.Scopes {
		fmt.Println("-", scope.Description)
	}

	redirect, err := server.Resolve(ctx, request.ID, ui.Decision{Accept: false}, "page")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(redirect.URI)
	// Output:
	// Maths for All wants to sign you in
	// - Know that it is you
	// - See your name and username
	// com.example.maths:/done?error=access_denied&error_description=the%20person%20said%20no&state=af0ifjsldkj&iss=https%3A%2F%2Fauth.example
}

// The REST API an app has already goes behind the tokens of its authorization
// server. Its handler learns from the token on whose behalf it is asked.
func ExampleConfig_aPIs() {
	notes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.TokenFrom(r.Context())
		fmt.Fprintln(w, "notes of", token.Subject)
	})
	dir, server := exampleServer(offlineauth.Config{
		Scopes: append(authz.DefaultScopes(), authz.Scope{Name: "notes", Description: "Read and write your notes"}),
		APIs:   []offlineauth.API{{Path: "/notes/", Scope: "notes", Handler: notes}},
	})
	defer os.RemoveAll(dir)
	defer server.Close()

	// A client calls it by the issuer's https URL, wherever the wire goes.
	client := http.Client{Transport: ipcapi.Local(server.Handler(), ipcapi.Caller{Transport: "local"})}
	response, err := client.Get("https://auth.example/notes/7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status, response.Header.Get("WWW-Authenticate"))
	// Output: 401 Unauthorized Bearer realm="https://auth.example", resource_metadata="https://auth.example/.well-known/oauth-protected-resource"
}

// exampleServer opens a server that knows one app and one person.
func exampleServer(cfg offlineauth.Config) (dir string, server *offlineauth.Server) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "authorization-app")
	if err != nil {
		log.Fatal(err)
	}
	cfg.Issuer, cfg.DataDir = "https://auth.example", dir
	if server, err = offlineauth.New(ctx, cfg); err != nil {
		log.Fatal(err)
	}
	if _, err := server.AddAccount(ctx, "amina", "Amina"); err != nil {
		log.Fatal(err)
	}
	maths := authz.Registration{ID: "maths", Name: "Maths for All", RedirectURIs: []string{"com.example.maths:/done"}, Scopes: []string{"openid", "profile"}}
	if _, _, err := server.AddClient(ctx, maths); err != nil {
		log.Fatal(err)
	}
	return dir, server
}
