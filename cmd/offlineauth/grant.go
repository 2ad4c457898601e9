package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type grantList struct {
	dataFlag
	jsonFlag
	partiesFlags
}

// partiesFlags choose grants by who has granted to whom.
type partiesFlags struct{ account, client string }

func (p *partiesFlags) addTo(c *cobra.Command) {
	c.Flags().StringVar(&p.account, "account", "", "those of the account `USERNAME` alone")
	c.Flags().StringVar(&p.client, "client", "", "those to the client `ID` alone")
}

// subject is that of the account that is named; "" if none is.
func (p partiesFlags) subject(ctx context.Context, api control.API) (string, error) {
	if p.account == "" {
		return "", nil
	}
	accounts, err := api.Accounts(ctx)
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Username == p.account {
			return a.ID, nil
		}
	}
	return "", noAccount(p.account)
}

func newGrantList(t *terminal) *cobra.Command {
	var l grantList
	c := runnable(&cobra.Command{Use: "list", Short: "List what is granted at present"}, func(ctx context.Context) error { return l.run(ctx, t) })
	l.dataFlag.addTo(c)
	l.jsonFlag.addTo(c)
	l.partiesFlags.addTo(c)
	return c
}

func (c *grantList) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		subject, err := c.subject(ctx, api)
		if err != nil {
			return err
		}
		grants, err := api.Grants(ctx)
		if err != nil {
			return err
		}
		grants = slices.DeleteFunc(grants, func(g control.Grant) bool {
			return subject != "" && g.AccountID != subject || c.client != "" && g.ClientID != c.client
		})
		if c.json {
			return printJSON(t.out, grants)
		}
		accounts, err := api.Accounts(ctx)
		if err != nil {
			return err
		}
		usernames := usernamesOf(accounts)
		rows := [][]string{{"GRANT", "ACCOUNT", "CLIENT", "APP", "SCOPES", "SINCE", "LAST USED", "UNTIL"}}
		for _, g := range grants {
			account := cmp.Or(usernames[g.AccountID], g.AccountID)
			rows = append(rows, []string{g.ID, account, g.ClientID, orDash(g.Identity), orDash(strings.Join(g.Scopes, " ")), when(g.CreatedAt), whenEver(g.LastUsed), until(g.ExpiresAt)})
		}
		return printTable(t.out, rows)
	})
}

// until is the end of a grant; "-" if only the person ends it.
func until(end time.Time) string {
	if end.IsZero() {
		return "-"
	}
	return when(end)
}
