package desktop

import (
	"context"
	"errors"
	"fmt"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// openIn hands a link to the attested app of that id, and to nobody else.
func openIn(ctx context.Context, id string, l linkhandler.Launch) error {
	b, err := dbusipc.Open(ctx, "")
	if err != nil {
		return errors.Join(linkhandler.ErrCannotAddress, err)
	}
	defer b.Close()
	owner, app, err := b.Start(ctx, id)
	switch {
	case errors.Is(err, ipcapi.ErrNoService): // it has no name on the bus
		return errors.Join(linkhandler.ErrCannotAddress, err)
	case err != nil:
		return err
	case app.Identity != l.App:
		return fmt.Errorf("%w: the name %s on the bus is not that of the app %s (the system says %q)", linkhandler.ErrAnotherApp, id, l.App, app.Identity)
	}
	return open(ctx, b, owner, id, l.URI)
}
