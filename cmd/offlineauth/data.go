package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

// commandTimeout bounds a command that talks to a server or opens the store.
const commandTimeout = 15 * time.Second

// maxDir is how long the name of a data directory may be, in bytes: that of its
// control socket has to fit into a sockaddr_un.
const maxDir = 107 - len("/control.sock")

// dataFlag is the directory an authorization app keeps its data in.
type dataFlag struct{ data string }

func (d *dataFlag) addTo(c *cobra.Command) {
	c.Flags().StringVar(&d.data, "data", "", "data `DIR`ectory (default $XDG_DATA_HOME/offlineauth)")
}

func (d dataFlag) dir() (dir string, err error) {
	switch {
	case strings.HasPrefix(d.data, "-"): // an empty variable let the next flag become the directory
		return "", usageError("--data needs a directory, not " + d.data)
	case d.data != "":
		dir, err = filepath.Abs(d.data)
	default:
		dir, err = xdgDir("XDG_DATA_HOME", ".local/share", "offlineauth")
	}
	if err == nil && len(dir) > maxDir {
		err = usageError(fmt.Sprintf("the name of the data directory %s is longer than %d bytes, too long for a socket in it: choose another with --data", dir, maxDir))
	}
	return dir, err
}

// xdgDir is a directory by the XDG base directory specification.
func xdgDir(variable, fallback, name string) (string, error) {
	if base := os.Getenv(variable); filepath.IsAbs(base) {
		return filepath.Join(base, name), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home directory: set $HOME, or $%s to a directory", variable)
	}
	return filepath.Join(home, fallback, name), nil
}

// with calls fn with a way to the person's side of a directory that is there. It
// may call it again, after an attempt that did not reach the server.
func (d dataFlag) with(ctx context.Context, fn func(context.Context, control.API) error) error {
	return d.within(ctx, commandTimeout, fn)
}

// within is with, for what may take longer than most.
func (d dataFlag) within(ctx context.Context, timeout time.Duration, fn func(context.Context, control.API) error) error {
	dir, err := d.dir()
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no data directory %s: make one with «offlineauth init», or name another with --data", dir)
	}
	return withDir(ctx, timeout, dir, fn)
}

// withNew is with, for commands that may be the first in a directory.
func (d dataFlag) withNew(ctx context.Context, fn func(context.Context, control.API) error) error {
	dir, err := d.dir()
	if err != nil {
		return err
	}
	return withDir(ctx, commandTimeout, dir, fn)
}

// withLong is with, for work that takes as long as it takes: only reaching the
// server is bounded.
func (d dataFlag) withLong(ctx context.Context, fn func(context.Context, control.API) error) error {
	return d.with(ctx, func(_ context.Context, api control.API) error { return fn(ctx, api) })
}

func withDir(ctx context.Context, timeout time.Duration, dir string, fn func(context.Context, control.API) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout+patience(dir))
	defer cancel()
	open := func(ctx context.Context) (*offlineauth.Server, error) {
		s, err := loadSettings(dir)
		if err != nil {
			return nil, err
		}
		return s.open(ctx, dir)
	}
	return withWayOut(control.With(ctx, dir, open, func(api control.API) error { return fn(ctx, api) }))
}
