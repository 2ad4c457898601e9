package linkhandler

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// A Launch is a link to open, and for whom.
type Launch struct {
	URI string
	// App is the identity of the app that alone may receive the link, as the
	// operating system attests it; "" is whichever app claims the URI.
	App string
}

// A Launcher opens links, as the operating system does when one is tapped.
type Launcher interface {
	// Launch returns when the link was handed over; what its receiver does with
	// it is not known. An implementation that cannot make sure that Launch.App
	// receives the link must not deliver it: it returns [ErrCannotAddress].
	Launch(ctx context.Context, l Launch) error
}

// ErrCannotAddress says that a launcher cannot deliver to one app alone. A caller
// that accepts any receiver says so by an empty Launch.App.
var ErrCannotAddress = errors.New("this launcher cannot deliver a link to one app alone")

// ErrAnotherApp says that something else is where the app of Launch.App is to be
// found. It was not given the link, and neither should whoever claims the URI.
var ErrAnotherApp = errors.New("another process is in the place of the app: the link was not given to it")

// A CommandLauncher opens links with a command. The zero value uses xdg-open, which
// needs a display, and takes a scheme with a digit in it for the name of a file:
// {Command: "gio", Args: []string{"open"}} does neither.
//
// The link is an argument of the command, where other processes of the device may
// read it. The code in a redirect is then protected by PKCE alone.
type CommandLauncher struct {
	Command  string        // "" is xdg-open
	Args     []string      // what precedes the link
	Patience time.Duration // how long to wait for the command to fail; 0 is 3 s
}

// Launch runs the command with l.URI as its last argument. A command that ends with
// an error is an error that wraps [*exec.ExitError]. One that has not ended after
// Patience is taken to have opened the link (some stay as long as the app does) and
// left alone; when ctx ends before, it is killed.
//
// Only what a redirect or an authorization link can be is opened: https, http to a
// loopback address, and schemes with a dot. Anything else is an [*InvalidError].
func (c CommandLauncher) Launch(ctx context.Context, l Launch) error {
	if l.App != "" {
		return ErrCannotAddress
	}
	if err := checkLaunch(l.URI); err != nil {
		return refused("uri", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	command := c.Command
	if command == "" {
		command = "xdg-open"
	}
	arguments := append(append([]string(nil), c.Args...), l.URI)
	// Not CommandContext: the command may outlive the caller. Its output is
	// discarded, because a pipe that closes early would kill an app that writes to it.
	running := exec.Command(command, arguments...)
	if err := running.Start(); err != nil {
		return fmt.Errorf("cannot run %s to open the link: %w", command, err)
	}
	return c.wait(ctx, running)
}

func (c CommandLauncher) wait(ctx context.Context, running *exec.Cmd) error {
	patience := c.Patience
	if patience == 0 {
		patience = 3 * time.Second
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	ended := make(chan error, 1)
	go func() { ended <- running.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("%s could not open the link: %w", running.Path, err)
		}
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		_ = running.Process.Kill() // fails only if it has just ended
		<-ended
		return ctx.Err()
	}
}

func checkLaunch(uri string) error {
	u, err := splitURI(uri, maxRedirect)
	if err != nil {
		return err
	}
	switch u.scheme {
	case "https":
		_, err = parseAuthority(u.authority)
		return err
	case "http":
		_, _, err = splitLoopback(u)
		return err
	}
	if !strings.Contains(u.scheme, ".") {
		return errors.New("has a scheme that is not opened; only https, http to a loopback address, and schemes with a dot are")
	}
	return nil
}
