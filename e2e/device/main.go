//go:build linux

package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	openerName = "xdg-open"
	version    = "xdg-open of a simulated device\n"
)

// Exit codes of xdg-open(1).
const (
	exitUsage  = 1
	exitNoTool = 3
	exitFailed = 4
)

// Main is xdg-open if this process was run under that name, and then does not
// return. Otherwise it does nothing.
func Main() {
	if filepath.Base(os.Args[0]) == openerName {
		os.Exit(xdgOpen(os.Args[1:], os.Getenv(SocketVariable), os.Stdout, os.Stderr))
	}
}

// xdgOpen hands a link to the device and does not wait for the app.
func xdgOpen(args []string, socket string, stdout, stderr io.Writer) (code int) {
	switch {
	case len(args) == 1 && args[0] == "--version":
		io.WriteString(stdout, version)
		return 0
	case len(args) != 1:
		fmt.Fprintln(stderr, "usage: xdg-open URI")
		return exitUsage
	case socket == "":
		fmt.Fprintf(stderr, "xdg-open: %s is not set: run this as an app of a simulated device\n", SocketVariable)
		return exitNoTool
	}
	err := Launcher(socket).Launch(context.Background(), linkhandler.Launch{URI: args[0]})
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "xdg-open:", err)
	if errors.Is(err, ErrNoApp) {
		return exitNoTool
	}
	return exitFailed
}
