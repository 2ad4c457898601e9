package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type accountAdd struct {
	dataFlag
	jsonFlag
	username, name string
}

func newAccountAdd(t *terminal) *cobra.Command {
	var a accountAdd
	c := runnable(&cobra.Command{Use: "add", Short: "Add a person"}, func(ctx context.Context) error { return a.run(ctx, t) })
	a.dataFlag.addTo(c)
	a.jsonFlag.addTo(c)
	c.Flags().StringVar(&a.username, "username", "", "`USERNAME`, unique on this device")
	c.Flags().StringVar(&a.name, "name", "", "full `NAME`")
	require(c, "username")
	return c
}

func (c *accountAdd) run(ctx context.Context, t *terminal) error {
	return c.withNew(ctx, func(ctx context.Context, api control.API) error {
		account, err := api.AddAccount(ctx, c.username, c.name)
		switch {
		case control.Malformed(err):
			return asUsage(err)
		case err != nil:
			return fmt.Errorf("account %q: %w", c.username, err)
		case c.json:
			return printJSON(t.out, account)
		}
		fmt.Fprintf(t.out, "Added the account %s.\n", shownName(account.Username))
		return nil
	})
}

type accountList struct {
	dataFlag
	jsonFlag
}

func newAccountList(t *terminal) *cobra.Command {
	var l accountList
	c := runnable(&cobra.Command{Use: "list", Short: "List the people"}, func(ctx context.Context) error { return l.run(ctx, t) })
	l.dataFlag.addTo(c)
	l.jsonFlag.addTo(c)
	return c
}

func (c *accountList) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		accounts, err := api.Accounts(ctx)
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(t.out, accounts)
		}
		rows := [][]string{{"USERNAME", "NAME", "SUBJECT", "ADDED"}}
		for _, a := range accounts {
			rows = append(rows, []string{a.Username, orDash(a.Name), a.ID, when(a.CreatedAt)})
		}
		return printTable(t.out, rows)
	})
}

func noAccount(username string) error {
	return fmt.Errorf("there is no account %q; «offlineauth account list» shows those there are", username)
}

type accountRemove struct {
	dataFlag
	username string
}

func newAccountRemove(t *terminal) *cobra.Command {
	var r accountRemove
	c := runnable(&cobra.Command{Use: "remove", Short: "Remove a person and revoke all that they granted"}, func(ctx context.Context) error { return r.run(ctx, t) })
	r.dataFlag.addTo(c)
	c.Flags().StringVar(&r.username, "username", "", "`USERNAME`")
	require(c, "username")
	return c
}

func (c *accountRemove) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		err := api.RemoveAccount(ctx, c.username)
		switch {
		case control.Unknown(err):
			return noAccount(c.username)
		case err != nil:
			return err
		}
		fmt.Fprintf(t.out, "Removed the account %s and all that it granted.\n", shownName(c.username))
		return nil
	})
}
