package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/linkhandler"
)

type launchCommand struct {
	dataFlag
	launch    control.Launch
	format    string
	account   string
	scope     string
	printLink bool
}

func newLaunch(t *terminal) *cobra.Command {
	var l launchCommand
	c := withArgument(&cobra.Command{
		Use:   "launch TARGET",
		Short: "Open an app as a lesson, which then needs no login",
		Long: `Open an app as a lesson: TARGET is the URI that opens it, an https link or one of
the app's own scheme. The link carries credentials of this launch alone (with cmi5,
a place to fetch them once). They are good for 8 hours, for the app that uses them
first, and listed and taken back with «offlineauth grant».`,
	}, func(ctx context.Context, target string) error {
		l.launch.Target = target
		return l.run(ctx, t)
	})
	l.dataFlag.addTo(c)
	flags := c.Flags()
	flags.StringVar(&l.account, "account", "", "`USERNAME` of the learner (default the only account)")
	flags.StringVar(&l.launch.ActivityID, "activity", "", "`IRI` of the lesson")
	flags.StringVar(&l.format, "format", string(linkhandler.Rustici), "format of the link: `rustici, respect or cmi5`")
	flags.StringVar(&l.launch.Registration, "registration", "", "`UUID` of the enrolment (default a new one)")
	flags.StringVar(&l.launch.ClientID, "client-id", "", "`ID` of the app, if it is registered: its app identities alone can then use the launch")
	flags.StringVar(&l.launch.Endpoint, "endpoint", "", "base `URL` of the learning record store (default the issuer's own)")
	flags.StringVar(&l.scope, "scope", "", "`SCOPES`, separated by spaces (default what a lesson needs)")
	flags.BoolVar(&l.printLink, "print-link", false, "print the link instead of launching it")
	require(c, "activity")
	return c
}

func (c *launchCommand) run(ctx context.Context, t *terminal) error {
	c.launch.Format, c.launch.Scopes = linkhandler.LaunchFormat(c.format), strings.Fields(c.scope)
	var link control.Redirect
	err := c.with(ctx, func(ctx context.Context, api control.API) error {
		learner, err := c.learner(ctx, api)
		if err != nil {
			return err
		}
		c.launch.Account = learner.ID
		link, err = api.Launch(ctx, c.launch)
		if control.Malformed(err) {
			return asUsage(err)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.printLink {
		return printLine(t, link.URI)
	}
	if err := deliver(ctx, link); err != nil {
		return fmt.Errorf("the app was not opened: %w; --print-link prints the link instead", err)
	}
	return nil
}

// learner is the account that --account names, or the only one.
func (c *launchCommand) learner(ctx context.Context, api control.API) (control.Account, error) {
	accounts, err := api.Accounts(ctx)
	if err != nil {
		return control.Account{}, err
	}
	for _, a := range accounts {
		if a.Username == c.account || c.account == "" && len(accounts) == 1 {
			return a, nil
		}
	}
	switch {
	case len(accounts) == 0:
		return control.Account{}, errors.New("there is no account yet; add one with «offlineauth account add»")
	case c.account == "":
		return control.Account{}, errors.New("there are several accounts; choose one with --account")
	}
	return control.Account{}, noAccount(c.account)
}
