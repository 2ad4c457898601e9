package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type grantRevoke struct {
	dataFlag
	partiesFlags
	id string
}

func newGrantRevoke(t *terminal) *cobra.Command {
	var r grantRevoke
	c := runnable(&cobra.Command{
		Use:   "revoke",
		Short: "Take back a grant: every login beneath it ends at once",
		Long: `Take back a grant: every login beneath it ends at once.

--id takes back one. --account takes back all that an account has granted, --client all
that an app was granted, and both together what the one has granted the other.`,
	}, func(ctx context.Context) error { return r.run(ctx, t) })
	r.dataFlag.addTo(c)
	r.partiesFlags.addTo(c)
	c.Flags().StringVar(&r.id, "id", "", "grant `ID`, as «grant list» shows it")
	c.MarkFlagsOneRequired("id", "account", "client")
	c.MarkFlagsMutuallyExclusive("id", "account")
	c.MarkFlagsMutuallyExclusive("id", "client")
	return c
}

func (c *grantRevoke) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		if c.id == "" {
			return c.several(ctx, t, api)
		}
		err := api.RevokeGrant(ctx, c.id)
		switch {
		case control.Unknown(err):
			return noGrant(c.id)
		case err != nil:
			return err
		}
		fmt.Fprintln(t.out, "Revoked. The app has to ask again.")
		return nil
	})
}

func (c *grantRevoke) several(ctx context.Context, t *terminal, api control.API) error {
	subject, err := c.subject(ctx, api)
	if err != nil {
		return err
	}
	n, err := api.RevokeGrants(ctx, subject, c.client)
	switch {
	case err != nil:
		return err
	case n == 0:
		return fmt.Errorf("nothing of that kind is granted; «offlineauth grant list» shows what is")
	}
	fmt.Fprintf(t.out, "Revoked: %d. The apps have to ask again.\n", n)
	return nil
}
