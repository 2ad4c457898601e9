package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ui"
)

type openCommand struct {
	dataFlag
	link          string
	account       string
	approve, deny bool
	printRedirect bool
	browser       bool
}

func newOpen(t *terminal) *cobra.Command {
	var o openCommand
	c := &cobra.Command{
		Use: "open LINK",
		Args: func(c *cobra.Command, args []string) error {
			if o.browser && len(args) == 0 {
				return nil
			}
			return cobra.ExactArgs(1)(c, args)
		},
		Short: "Take an authorization link, ask the person, answer the app: what the system does when the link is launched",
		Long: `Take an authorization link, ask the person, answer the app: what the system does
when the link is launched.

Whatever keeps the person from answering is a denial, which the app is told: no
terminal to ask in, no account, an end of the input, Ctrl-C. The exit code is then
1, and 0 after an answer.

With --browser and no link it shows the pages of the person's side: so a desktop
starts the app from its menu.`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return failed(o.askInBrowser(c.Context()))
			}
			o.link = args[0]
			return failed(o.run(c.Context(), t))
		},
	}
	o.dataFlag.addTo(c)
	flags := c.Flags()
	flags.StringVar(&o.account, "account", "", "`USERNAME` to log in as, instead of asking")
	flags.BoolVar(&o.approve, "approve", false, "accept without asking; it is recorded with this process, and never remembered")
	flags.BoolVar(&o.deny, "deny", false, "deny without asking")
	flags.BoolVar(&o.printRedirect, "print-redirect", false, "print the redirect URI on standard output instead of launching it")
	flags.BoolVar(&o.browser, "browser", false, "ask on a page in the browser (default if there is a desktop and no terminal)")
	c.MarkFlagsMutuallyExclusive("approve", "deny", "browser")
	c.MarkFlagsMutuallyExclusive("print-redirect", "browser")
	return c
}

func (c *openCommand) run(ctx context.Context, t *terminal) error {
	if c.browser || !c.approve && !c.deny && !c.printRedirect && !t.asks() && onDesktop() {
		return c.askInBrowser(ctx)
	}
	request, err := c.begin(ctx)
	if err != nil {
		return c.tell(ctx, t, err)
	}
	if request.Redirect != nil { // the person has allowed this app the same before
		return c.answer(ctx, t, *request.Redirect)
	}
	consent := request.Consent
	decision, asking := c.decide(ctx, t, consent)
	// A person who interrupts the question has answered it: the app is to learn.
	ctx = context.WithoutCancel(ctx)
	redirect, err := c.carryOut(ctx, consent, decision)
	if control.Unproved(err) { // the request waits, and nobody is asked again
		asking = fmt.Errorf("%w, so the request was denied", err)
		redirect, err = c.carryOut(ctx, consent, control.Decision{Method: "failed"})
	}
	if err != nil {
		return errors.Join(asking, c.tell(ctx, t, err))
	}
	return errors.Join(asking, c.answer(ctx, t, redirect))
}

func (c *openCommand) begin(ctx context.Context) (request control.Request, err error) {
	err = c.with(ctx, func(ctx context.Context, api control.API) error {
		request, err = api.Begin(ctx, c.link)
		return err
	})
	return request, err
}

// tell launches the redirect that a refusal may have, so that the client does
// not wait for ever, and returns the refusal.
func (c *openCommand) tell(ctx context.Context, t *terminal, err error) error {
	var refusal *control.Error
	if errors.As(err, &refusal) && refusal.Redirect != nil {
		return errors.Join(err, c.answer(ctx, t, *refusal.Redirect))
	}
	return err
}

// carryOut brings the decision to the server. The directory is not held open
// while the person thinks, so the request may have to be begun again, by a
// server that was started in between; it must then be the very request that was
// shown.
func (c *openCommand) carryOut(ctx context.Context, shown ui.Consent, d control.Decision) (redirect control.Redirect, err error) {
	err = c.with(ctx, func(ctx context.Context, api control.API) error {
		redirect, err = api.Decide(ctx, shown.ID, d)
		if !control.Gone(err) {
			return err
		}
		again, err := api.Begin(ctx, c.link)
		if err != nil {
			return err
		}
		if again.Redirect != nil || !sameRequest(shown, again.Consent) {
			return errors.New("the app's registration changed while you were asked; open the link again")
		}
		redirect, err = api.Decide(ctx, again.ID, d)
		return err
	})
	return redirect, err
}

func sameRequest(a, b ui.Consent) bool {
	a.ID, b.ID = "", ""
	a.ExpiresAt, a.AuthAfter = b.ExpiresAt, b.AuthAfter
	a.Accounts, b.Accounts = nil, nil
	return reflect.DeepEqual(a, b)
}

func (c *openCommand) answer(ctx context.Context, t *terminal, r control.Redirect) error {
	if c.printRedirect {
		return printLine(t, r.URI)
	}
	return launchRedirect(ctx, r)
}
