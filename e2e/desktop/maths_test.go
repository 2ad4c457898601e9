//go:build linux && (dbus || systemd)

package desktop

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/linkhandler/desktop"
)

// newClient is what a client application of a desktop configures.
func newClient() (*client.Client, error) {
	return client.New(client.Config{
		Issuer: issuer, ClientID: "maths", RedirectURI: redirect, Scopes: []string{"openid", "profile"},
		Services: client.Installed{}, Connect: dbusipc.Connect, Store: client.Dir(filepath.Join(os.Getenv("XDG_STATE_HOME"), "maths")),
	})
}

// maths is a client application. With «login» it begins a login and opens the link;
// started by the bus it takes the redirect.
func maths(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if len(args) > 0 && args[0] == "login" {
		return beginLogin(ctx, args[1])
	}
	bus, err := dbusipc.Open(ctx, "")
	if err != nil {
		return err
	}
	app := application{ctx: ctx, done: make(chan error, 1)}
	desktop.Export(bus, mathsID, app)
	if err := bus.RequestName(ctx, mathsID); err != nil {
		return err
	}
	select {
	case err = <-app.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		write("maths failed: %v", err)
	}
	return err
}

// beginLogin opens the link in one of the two ways there are.
func beginLogin(ctx context.Context, way string) error {
	c, err := newClient()
	if err != nil {
		return err
	}
	login, err := c.StartPushed(ctx)
	if err != nil {
		return err
	}
	installed, err := client.Installed{}.Find(issuer)
	if err != nil {
		return err
	}
	if way == "bus" {
		return desktop.Open(ctx, installed.Application, login.URL)
	}
	link := installed.CustomScheme + ":" + strings.TrimPrefix(login.URL, issuer)
	return desktop.Launcher{}.Launch(ctx, linkhandler.Launch{URI: link})
}

// application takes the redirect.
type application struct {
	ctx  context.Context
	done chan error
}

func (a application) Activate() {}

func (a application) Open(uris []string) { go func() { a.done <- a.finish(uris[0]) }() }

func (a application) finish(received string) error {
	c, err := newClient()
	if err != nil {
		return err
	}
	api, err := c.Finish(a.ctx, received)
	if err != nil {
		return err
	}
	response, err := api.Get(issuer + "/userinfo")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var claims struct {
		Username string `json:"preferred_username"`
	}
	if err := json.NewDecoder(response.Body).Decode(&claims); err != nil {
		return err
	}
	return write("logged in as %s", claims.Username)
}

var address = ipcapi.Address{Scheme: ipcapi.DBus, Name: appID}
