package main

import (
	"context"
	"errors"
	"os"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// onDesktop reports whether a browser could show a page.
func onDesktop() bool { return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" }

// askInBrowser has a server ask on a page, and starts one for it if none runs: it
// outlives this command, until it is idle.
func (c *openCommand) askInBrowser(ctx context.Context) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	ask := func(api control.API) error { return api.AskOnPage(ctx, c.link) }
	err = control.WithServer(dir, ask)
	if !errors.Is(err, ipcapi.ErrNoService) {
		return err
	}
	command, err := serveInBackground(dir)
	if err != nil {
		return err
	}
	if err := unixipc.Start(ctx, control.Address(dir), command); err != nil {
		return err
	}
	return control.WithServer(dir, ask)
}

// idleExit is when a server ends that the system has started.
const idleExit = "1m"

// serveInBackground is the command that serves a directory until nobody asks.
func serveInBackground(dir string) ([]string, error) {
	program, err := os.Executable()
	return []string{program, "serve", "--data", dir, "--idle-exit", idleExit}, err
}
