package desktop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// A Launcher opens links on a Linux desktop. It implements linkhandler.Launcher.
//
// A link for one app is handed to it over the session bus, after the bus has named
// the process behind its name and the system has attested that it belongs to that
// app (see package process). This is possible for apps in Flatpak, whose name on the
// bus is that of the app. For other identities the error is ErrCannotAddress.
//
// A link for anybody is opened with gio, or xdg-open where there is none: the link is
// an argument of that command, where other processes may read it.
type Launcher struct{}

// Launch implements linkhandler.Launcher.
func (Launcher) Launch(ctx context.Context, l linkhandler.Launch) error {
	if l.App == "" {
		return command().Launch(ctx, l)
	}
	id, ok := strings.CutPrefix(l.App, "flatpak:")
	if !ok {
		return linkhandler.ErrCannotAddress
	}
	return openIn(ctx, id, l)
}

// command is gio or xdg-open, whichever is first in the PATH, so that an opener of the
// person's own has its say. Of two in one directory it is gio: that needs no display,
// starts applications over the bus, and takes no scheme for a file's name.
func command() linkhandler.CommandLauncher {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if path := filepath.Join(dir, "gio"); runs(path) {
			return linkhandler.CommandLauncher{Command: path, Args: []string{"open"}}
		}
		if runs(filepath.Join(dir, "xdg-open")) {
			break
		}
	}
	return linkhandler.CommandLauncher{}
}

func runs(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}
