package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type grantShow struct {
	dataFlag
	jsonFlag
	id string
}

func newGrantShow(t *terminal) *cobra.Command {
	var s grantShow
	c := runnable(&cobra.Command{Use: "show", Short: "Show one grant, and the logins beneath it"}, func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	s.jsonFlag.addTo(c)
	c.Flags().StringVar(&s.id, "id", "", "grant `ID`, as «grant list» shows it")
	require(c, "id")
	return c
}

func (c *grantShow) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		grants, err := api.Grants(ctx)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if g.ID == c.id {
				return c.show(ctx, t, api, g)
			}
		}
		return noGrant(c.id)
	})
}

func (c *grantShow) show(ctx context.Context, t *terminal, api control.API, g control.Grant) error {
	logins, err := api.GrantedLogins(ctx, g.ID)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(t.out, struct {
			control.Grant
			Logins []control.Login `json:"logins"`
		}{g, logins})
	}
	accounts, err := api.Accounts(ctx)
	if err != nil {
		return err
	}
	again := "yes"
	switch {
	case g.Launched != "":
		again = "no; it was launched for " + g.Launched
	case g.Remembered:
		again = "no, if the app pushes a request for what is allowed already"
	}
	rows := [][]string{
		{"Grant", g.ID},
		{"Account", cmp.Or(usernamesOf(accounts)[g.AccountID], g.AccountID)},
		{"Client", g.ClientID},
		{"App", orDash(g.Identity)},
		{"Scopes", orDash(strings.Join(g.Scopes, " "))},
		{"Asks again", again},
		{"Since", when(g.CreatedAt)},
		{"Last used", whenEver(g.LastUsed)},
		{"Until", until(g.ExpiresAt)},
	}
	for _, l := range logins {
		rows = append(rows, []string{"Login", loginLine(l)})
	}
	return printTable(t.out, rows)
}

func loginLine(l control.Login) string {
	line := fmt.Sprintf("%s, until %s: %s", when(l.CreatedAt), until(l.ExpiresAt), orDash(strings.Join(l.Scopes, " ")))
	if len(l.Resources) > 0 {
		line += " at " + strings.Join(l.Resources, " ")
	}
	return line
}

func noGrant(id string) error {
	return fmt.Errorf("there is no grant %q; «offlineauth grant list» shows those there are", id)
}
