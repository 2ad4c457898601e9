package dbusipc

import (
	"errors"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
)

var errAnswerTooLarge = errors.New("an answer that is larger than was expected")

// wrap gives an error of the bus the kind that its name implies.
func wrap(op string, a ipcapi.Address, err error) error {
	var typed *ipcapi.Error
	var said *Error
	var kind error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &typed):
		return err
	case errors.As(err, &said):
		kind = kindOf(said.Name)
	case errors.Is(err, errEnded):
		kind = ipcapi.ErrServiceDied
	default:
		return ipcapi.WrapError(op, a, err)
	}
	return &ipcapi.Error{Op: op, Address: a, Kind: kind, Err: err}
}

func kindOf(name string) error {
	short, _ := strings.CutPrefix(name, errorPrefix)
	switch {
	case short == "ServiceUnknown", short == "NameHasNoOwner", strings.HasPrefix(short, "Spawn."):
		return ipcapi.ErrNoService
	case short == "NoReply", short == "Disconnected":
		return ipcapi.ErrServiceDied
	case short == "Timeout", short == "TimedOut":
		return ipcapi.ErrDeadline
	case short == "LimitsExceeded":
		return ipcapi.ErrBusy
	case short == "AccessDenied", short == "AuthFailed":
		return ipcapi.ErrRefused
	}
	return nil
}

// gone reports whether a unique name has nobody behind it any more.
func gone(err error) bool {
	return isKind(err, ipcapi.ErrNoService) || isKind(err, ipcapi.ErrServiceDied)
}

func isKind(err, kind error) bool {
	var said *Error
	return errors.As(err, &said) && kindOf(said.Name) == kind
}

// WrapError gives an error of the bus, from a call that an app makes itself, the
// form and the kind that those of this package have. nil stays nil.
func WrapError(op string, err error) error { return wrap(op, ipcapi.Address{}, err) }
