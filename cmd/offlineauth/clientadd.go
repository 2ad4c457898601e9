package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/linkhandler"
)

type clientAdd struct {
	dataFlag
	jsonFlag
	client  control.Client
	scope   string
	life    time.Duration
	replace bool
}

func newClientAdd(t *terminal) *cobra.Command {
	var a clientAdd
	c := runnable(&cobra.Command{Use: "add", Short: "Register an app"}, func(ctx context.Context) error { return a.run(ctx, t) })
	a.dataFlag.addTo(c)
	a.jsonFlag.addTo(c)
	flags := c.Flags()
	flags.StringVar(&a.client.ID, "id", "", "client `ID`")
	flags.StringArrayVar(&a.client.RedirectURIs, "redirect-uri", nil, "redirect `URI`, as the app will send it; may be repeated")
	flags.StringVar(&a.scope, "scope", "openid profile", "`SCOPES` the app may ask for, separated by spaces")
	flags.StringVar(&a.client.Name, "name", "", "`NAME` of the app on the consent page")
	flags.StringArrayVar(&a.client.Identities, "app", nil, "app `IDENTITY` the client may call from, such as uid:10012 (default any); may be repeated")
	flags.StringArrayVar(&a.client.Resources, "resource", nil, "for an API app: resource identifier `URI` it serves; may be repeated")
	flags.DurationVar(&a.life, "token-lifetime", 0, "for an API app that asks nobody about a token: how long those for it live at most, such as 5m (default as long as any)")
	flags.BoolVar(&a.client.HasSecret, "secret", false, "give the client a secret, which is printed this once")
	flags.BoolVar(&a.replace, "replace", false, "put this in the place of the client's registration, if there is one: nothing of that stays, neither its name nor its secret; what was granted does")
	require(c, "id")
	return c
}

func (c *clientAdd) run(ctx context.Context, t *terminal) error {
	c.client.Scopes = strings.Fields(c.scope)
	if c.life < 0 || c.life%time.Second != 0 {
		return usageError("--token-lifetime is a number of seconds, such as 5m")
	}
	c.client.TokenLifetime = int64(c.life / time.Second)
	for _, uri := range c.client.RedirectURIs {
		if _, err := linkhandler.ParseRedirectURI(uri); err != nil {
			return asUsage(fmt.Errorf("--redirect-uri %q: %w", uri, err))
		}
	}
	return c.withNew(ctx, func(ctx context.Context, api control.API) error {
		register := api.AddClient
		if c.replace {
			register = api.ReplaceClient
		}
		client, err := register(ctx, c.client)
		switch {
		case control.Malformed(err):
			return asUsage(err)
		case control.Taken(err):
			return fmt.Errorf("a client %q is registered already: see «offlineauth client show», and use --replace to put this in its place", c.client.ID)
		case err != nil:
			return err
		}
		return c.print(t, client)
	})
}

func (c *clientAdd) print(t *terminal, client control.Client) error {
	if c.json {
		return printJSON(t.out, client)
	}
	fmt.Fprintf(t.out, "Added the client %s.\n", shownName(client.ID))
	if client.Secret != "" {
		fmt.Fprintf(t.out, "Its secret, shown this once: %s\n", client.Secret)
	}
	return nil
}
