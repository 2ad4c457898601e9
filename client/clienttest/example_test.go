package clienttest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
)

// A test of what an app does when the person says no.
func Example() {
	app, err := clienttest.New("https://auth.example")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.New(client.Config{
		Issuer:      app.Issuer(),
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
		HTTPClient:  app.HTTPClient(),
	})
	if err != nil {
		log.Fatal(err)
	}
	login, err := c.Start(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	redirect, err := app.Deny(login.URL)
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Finish(context.Background(), redirect)
	fmt.Println(errors.Is(err, client.ErrAccessDenied))
	// Output: true
}
