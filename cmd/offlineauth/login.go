package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/client"
)

// loginPatience is how long «login» waits for the person to decide.
const loginPatience = 30 * time.Minute

type loginCommand struct {
	verboseFlag
	login     login
	scope     string
	printLink bool
}

func newLogin(t *terminal) *cobra.Command {
	var l loginCommand
	c := runnable(&cobra.Command{
		Use:   "login",
		Short: "Log in as a client app would, and keep the login",
		Long: `Log in as a client app would, and keep the login for «offlineauth request».

The redirect is taken by a listener of its own if the redirect URI is a loopback
one, and as a line on standard input otherwise.`,
	}, func(ctx context.Context) error { return l.run(ctx, t) })
	l.addTo(c)
	flags := c.Flags()
	flags.StringVar(&l.login.Issuer, "issuer", "", "issuer identifier, an https `URL`")
	flags.StringVar(&l.login.ClientID, "client-id", "", "client `ID`")
	flags.StringVar(&l.login.RedirectURI, "redirect-uri", "", "redirect `URI`, as the client is registered with it")
	flags.StringVar(&l.scope, "scope", "openid profile", "`SCOPES` to ask for, separated by spaces")
	flags.StringVar(&l.login.IPCService, "ipc-service", "", "`ADDR`ess of the authorization app, which you vouch for; without it, that of the app that is installed for the issuer")
	flags.BoolVar(&l.login.DPoP, "dpop", false, "bind the tokens to a key (RFC 9449), if the server can")
	flags.BoolVar(&l.printLink, "print-link", false, "print the link instead of launching it")
	require(c, "issuer", "client-id", "redirect-uri")
	return c
}

func (l *loginCommand) run(ctx context.Context, t *terminal) error {
	l.log(t, slog.LevelWarn)
	ctx, cancel := context.WithTimeout(ctx, loginPatience)
	defer cancel()
	dir, err := loginDir()
	if err != nil {
		return err
	}
	l.login.Scopes = strings.Fields(l.scope)
	redirects, err := listenForRedirects(ctx, t.in, l.login.RedirectURI)
	if err != nil {
		return err
	}
	defer redirects.close()
	l.login.RedirectURI = redirects.uri
	c, err := l.login.client(dir)
	if err != nil {
		return asUsage(err)
	}
	if err := l.start(ctx, t, c); err != nil {
		return err
	}
	if t.asks() && redirects.typed {
		fmt.Fprintf(t.err, "offlineauth: paste the redirect, which begins with %s, and press Enter:\n", l.login.RedirectURI)
	}
	if err := finish(ctx, t, c, redirects.received); err != nil {
		return explained(err)
	}
	if err := l.login.save(dir); err != nil {
		return err
	}
	fmt.Fprintf(t.err, "Logged in at %s as %s.\n", l.login.Issuer, shownName(orDash(whoami(ctx, c, l.login.Issuer))))
	return nil
}

func (l *loginCommand) start(ctx context.Context, t *terminal, c *client.Client) error {
	started, err := c.Start(ctx)
	if err != nil {
		return err
	}
	if l.printLink {
		return printLine(t, started.URL)
	}
	return launchLink(ctx, l.login.Issuer, started.URL)
}

// finish takes redirects until one of them is ours: any process can send one.
func finish(ctx context.Context, t *terminal, c *client.Client, redirects <-chan string) error {
	for {
		select {
		case <-ctx.Done():
			return waited(ctx)
		case redirect, open := <-redirects:
			if !open {
				return errors.New("standard input ended before the redirect came: give it there as a line")
			}
			_, err := c.Finish(ctx, redirect)
			if errors.Is(err, client.ErrRedirect) || errors.Is(err, client.ErrState) || errors.Is(err, client.ErrIssuer) {
				fmt.Fprintf(t.err, "offlineauth: ignored: %s\n", shown(err.Error()))
				continue
			}
			return err
		}
	}
}

func waited(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("nobody decided within %s: log in again", loginPatience)
	}
	return errors.New("interrupted before the redirect came")
}

// explained adds what to do with this program to the errors of its client.
func explained(err error) error {
	var advice string
	switch {
	case errors.Is(err, client.ErrUnverifiedService):
		advice = "install its app, or if you trust that service log in again and name it with --ipc-service"
	case errors.Is(err, client.ErrNotLoggedIn), errors.Is(err, client.ErrLoginRequired):
		advice = "use «offlineauth login»"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}
