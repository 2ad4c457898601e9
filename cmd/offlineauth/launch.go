package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/linkhandler/desktop"
)

// launchLink opens an authorization link: in the issuer's app, if one is installed that
// takes links over the session bus, else by what the desktop has for https links.
func launchLink(ctx context.Context, issuer, link string) error {
	installed, err := client.Installed{}.Find(issuer)
	if err == nil && installed.Application != "" {
		err = desktop.Open(ctx, installed.Application, link)
	}
	if err != nil || installed.Application == "" {
		err = desktop.Launcher{}.Launch(ctx, linkhandler.Launch{URI: link})
	}
	if err != nil {
		return fmt.Errorf("%w; --print-link prints it instead", err)
	}
	return nil
}

// launchRedirect answers an app.
func launchRedirect(ctx context.Context, r control.Redirect) error {
	if err := deliver(ctx, r); err != nil {
		return fmt.Errorf("the app was not told: %w; --print-redirect prints the answer instead", err)
	}
	return nil
}

// deliver opens a link, in the app it is addressed to if the system can do that, and
// else in whoever claims the scheme. What the link carries is no use to another app: it
// is bound to the registered one. An app that the system can name and that does not
// get the link keeps it from everybody.
func deliver(ctx context.Context, r control.Redirect) error {
	var launcher desktop.Launcher
	err := launcher.Launch(ctx, linkhandler.Launch{URI: r.URI, App: r.App})
	if errors.Is(err, linkhandler.ErrCannotAddress) {
		return launcher.Launch(ctx, linkhandler.Launch{URI: r.URI})
	}
	return err
}

// printLine prints what a script is to take.
func printLine(t *terminal, line string) error {
	_, err := fmt.Fprintln(t.out, line)
	return err
}
