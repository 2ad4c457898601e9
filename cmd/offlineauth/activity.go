package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type activityCommand struct {
	dataFlag
	jsonFlag
	limit int
}

func newActivity(t *terminal) *cobra.Command {
	var a activityCommand
	c := runnable(&cobra.Command{Use: "activity", Short: "Who was let in, when and by whom"}, func(ctx context.Context) error { return a.run(ctx, t) })
	a.dataFlag.addTo(c)
	a.jsonFlag.addTo(c)
	c.Flags().IntVar(&a.limit, "limit", 50, "show `N` events, newest first")
	return c
}

func (c *activityCommand) run(ctx context.Context, t *terminal) error {
	if c.limit < 1 {
		return usageError("--limit is a number of events, 1 or more")
	}
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		events, err := api.Activity(ctx, c.limit)
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(t.out, events)
		}
		accounts, err := api.Accounts(ctx)
		if err != nil {
			return err
		}
		return printTable(t.out, activityRows(events, accounts))
	})
}

func activityRows(events []control.Event, accounts []control.Account) [][]string {
	usernames := usernamesOf(accounts)
	rows := [][]string{{"TIME", "EVENT", "ACCOUNT", "CLIENT", "BY", "DETAIL"}}
	for _, e := range events {
		account := cmp.Or(usernames[e.AccountID], e.AccountID) // one that was removed has no name
		by := cmp.Or(e.Identity, e.Executable)
		rows = append(rows, []string{when(e.Time), e.Kind, orDash(account), orDash(e.ClientID), orDash(by), orDash(e.Detail)})
	}
	return rows
}

// usernamesOf names accounts by their subjects.
func usernamesOf(accounts []control.Account) map[string]string {
	usernames := make(map[string]string, len(accounts))
	for _, a := range accounts {
		usernames[a.ID] = a.Username
	}
	return usernames
}
