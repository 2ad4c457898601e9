package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// A whole login over unix sockets. In a real app the authorization app is another
// process, the link is launched, and the redirect is what the system opens the
// app with.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "oa")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	app, err := clienttest.New("https://school.example")
	if err != nil {
		log.Fatal(err)
	}
	defer app.Close()
	service, err := app.Listen(dir)
	if err != nil {
		log.Fatal(err)
	}

	c, err := client.New(client.Config{
		Issuer:      "https://school.example",
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
		Scopes:      []string{"openid", "profile", "offline_access"},
		Services:    client.Pinned{"https://school.example": service},
		Store:       client.Dir(filepath.Join(dir, "logins")),
	})
	if err != nil {
		log.Fatal(err)
	}
	login, err := c.Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	redirect, err := app.Accept(login.URL) // the person says yes
	if err != nil {
		log.Fatal(err)
	}
	httpClient, err := c.Finish(ctx, redirect)
	if err != nil {
		log.Fatal(err)
	}
	response, err := httpClient.Get("https://school.example/userinfo")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		log.Fatal(err)
	}
	// Output: {"name":"Ada Example","preferred_username":"ada","sub":"account-1"}
}

// What an app does when it starts.
func ExampleClient_HTTPClient() {
	c, err := client.New(client.Config{
		Issuer:      "https://school.example",
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.HTTPClient(context.Background())
	switch {
	case errors.Is(err, client.ErrNotLoggedIn):
		fmt.Println("show the login button")
	case errors.Is(err, client.ErrUnverifiedService):
		fmt.Println("the authorization app is another one than before")
	case err != nil:
		log.Fatal(err)
	}
	// Output: show the login button
}

// An app that nobody pinned gets nothing, until the person trusts it.
func ExampleUnverifiedServiceError() {
	ctx := context.Background()
	app, err := clienttest.New("https://school.example")
	if err != nil {
		log.Fatal(err)
	}
	app.Announce(ipcapi.Service{{Scheme: ipcapi.Unix, Path: "/run/school/api.sock"}})
	config := client.Config{
		Issuer:      "https://school.example",
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
		Store:       new(client.Memory),
	}
	c, err := client.New(config)
	if err != nil {
		log.Fatal(err)
	}
	login, err := c.Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	redirect, err := app.Accept(login.URL)
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Finish(ctx, redirect)
	var unverified *client.UnverifiedServiceError
	if errors.As(err, &unverified) {
		fmt.Printf("trust %s for %s?\n", unverified.Service, unverified.Issuer)
		// If so, remember it: client.Pinned{unverified.Issuer: unverified.Service},
		// and call Finish with the same redirect again.
	}
	fmt.Println(len(app.Requests()), "requests were sent")
	// Output:
	// trust unix:/run/school/api.sock for https://school.example?
	// 0 requests were sent
}
