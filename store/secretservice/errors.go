package secretservice

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// Errors to be told apart with errors.Is. A key that is not there, or another than it
// should be, is a store.ErrSealed.
var (
	// ErrUnavailable: there is no session bus, nobody serves the Secret Service on it, or
	// it ended meanwhile.
	ErrUnavailable = errors.New("the Secret Service of the desktop cannot be reached")
	// ErrDismissed: the person was asked to unlock the keyring, and would not.
	ErrDismissed = errors.New("the keyring stays locked: the prompt was dismissed")
	// ErrNoKeyring: the service has no default keyring to keep a key in.
	ErrNoKeyring = errors.New("the Secret Service has no default keyring: make one with the desktop's password manager")
)

// errGone: the object that was called is not there, or no longer.
var errGone = errors.New("no such object")

// failure says what an error of a call means.
func failure(what string, err error) error {
	var e dbus.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("secret service: %s: %w", what, err)
	case errors.Is(err, dbus.ErrClosed):
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
	case !errors.As(err, &e):
		return fmt.Errorf("secret service: %s: %w", what, err)
	}
	switch e.Name {
	case "org.freedesktop.Secret.Error.NoSuchObject", "org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownMethod":
		return fmt.Errorf("secret service: %s: %w: %w", what, errGone, err)
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected",
		"org.freedesktop.DBus.Error.Spawn.ExecFailed", "org.freedesktop.DBus.Error.Spawn.ChildExited",
		"org.freedesktop.DBus.Error.Spawn.ChildSignaled", "org.freedesktop.DBus.Error.TimedOut":
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
	}
	return fmt.Errorf("secret service: %s: %w", what, err)
}
