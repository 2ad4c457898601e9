//go:build !linux

package desktop

import (
	"context"
	"errors"

	"github.com/offlineauth/offlineauth/linkhandler"
)

func openIn(context.Context, string, linkhandler.Launch) error {
	return errors.Join(linkhandler.ErrCannotAddress, errors.ErrUnsupported)
}
