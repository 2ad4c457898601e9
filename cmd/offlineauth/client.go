package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type clientList struct {
	dataFlag
	jsonFlag
}

func newClientList(t *terminal) *cobra.Command {
	var l clientList
	c := runnable(&cobra.Command{Use: "list", Short: "List the registered apps"}, func(ctx context.Context) error { return l.run(ctx, t) })
	l.dataFlag.addTo(c)
	l.jsonFlag.addTo(c)
	return c
}

func (c *clientList) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		clients, err := api.Clients(ctx)
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(t.out, clients)
		}
		rows := [][]string{{"ID", "NAME", "SCOPES", "APPS", "REDIRECT URIS"}}
		for _, client := range clients {
			rows = append(rows, []string{
				client.ID, client.Name, strings.Join(client.Scopes, " "),
				orDash(strings.Join(client.Identities, " ")), orDash(strings.Join(client.RedirectURIs, " ")),
			})
		}
		return printTable(t.out, rows)
	})
}

type clientShow struct {
	dataFlag
	jsonFlag
	id string
}

func newClientShow(t *terminal) *cobra.Command {
	var s clientShow
	c := runnable(&cobra.Command{Use: "show", Short: "Show one app"}, func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	s.jsonFlag.addTo(c)
	c.Flags().StringVar(&s.id, "id", "", "client `ID`")
	require(c, "id")
	return c
}

func (c *clientShow) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		clients, err := api.Clients(ctx)
		if err != nil {
			return err
		}
		for _, client := range clients {
			if client.ID == c.id {
				return c.print(t, client)
			}
		}
		return noClient(c.id)
	})
}

func (c *clientShow) print(t *terminal, client control.Client) error {
	if c.json {
		return printJSON(t.out, client)
	}
	secret := "no"
	if client.HasSecret {
		secret = "yes"
	}
	return printTable(t.out, [][]string{
		{"ID", client.ID},
		{"Name", client.Name},
		{"Redirect URIs", orDash(strings.Join(client.RedirectURIs, " "))},
		{"Scopes", orDash(strings.Join(client.Scopes, " "))},
		{"Apps", orDash(strings.Join(client.Identities, " "))},
		{"Resources", orDash(strings.Join(client.Resources, " "))},
		{"Tokens for it live", orDash(lifetime(client.TokenLifetime))},
		{"Secret", secret},
		{"Registered", registeredBy(client)},
		{"Added", when(client.CreatedAt)},
	})
}

func lifetime(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return "at most " + (time.Duration(seconds) * time.Second).String()
}

func registeredBy(client control.Client) string {
	if client.SelfRegistered {
		return "by the app itself"
	}
	return "by you"
}

type clientRemove struct {
	dataFlag
	id string
}

func newClientRemove(t *terminal) *cobra.Command {
	var r clientRemove
	c := runnable(&cobra.Command{Use: "remove", Short: "Remove an app and revoke all that was granted to it"}, func(ctx context.Context) error { return r.run(ctx, t) })
	r.dataFlag.addTo(c)
	c.Flags().StringVar(&r.id, "id", "", "client `ID`")
	require(c, "id")
	return c
}

func (c *clientRemove) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		err := api.RemoveClient(ctx, c.id)
		switch {
		case control.Unknown(err):
			return noClient(c.id)
		case err != nil:
			return err
		}
		fmt.Fprintf(t.out, "Removed the client %s and all that was granted to it.\n", shownName(c.id))
		return nil
	})
}

func noClient(id string) error {
	return fmt.Errorf("no client %q is registered; «offlineauth client list» shows those that are", id)
}
