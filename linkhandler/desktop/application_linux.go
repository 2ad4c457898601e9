package desktop

import (
	"context"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// applicationInterface is that of the Desktop Entry Specification, section "D-Bus
// Activation".
const applicationInterface = "org.freedesktop.Application"

const introspection = `<interface name="` + applicationInterface + `">
  <method name="Activate"><arg name="platform_data" type="a{sv}" direction="in"/></method>
  <method name="Open"><arg name="uris" type="as" direction="in"/><arg name="platform_data" type="a{sv}" direction="in"/></method>
  <method name="ActivateAction">
    <arg name="action_name" type="s" direction="in"/><arg name="parameter" type="av" direction="in"/><arg name="platform_data" type="a{sv}" direction="in"/>
  </method>
</interface>
`

// An Application is what the desktop starts and gives links to. Its methods return
// at once; what they begin goes on.
type Application interface {
	Activate()          // the person has started the app
	Open(uris []string) // links were given to it, by anybody
}

// maxURIs is how many links one call may have.
const maxURIs = 16

// Export lets the desktop reach app on a connection to the bus, at the object of an
// application of that id.
func Export(b *dbusipc.Bus, id string, app Application) {
	b.Export(objectPath(id), dbusipc.API{Interface: applicationInterface, Introspection: introspection, Methods: map[string]dbusipc.Method{
		"Activate": {Args: "a{sv}", Do: func(context.Context, string, *wire.Args) (none wire.Body, _ *dbusipc.Error) {
			app.Activate()
			return none, nil
		}},
		"Open": {Args: "asa{sv}", Do: func(_ context.Context, _ string, args *wire.Args) (none wire.Body, _ *dbusipc.Error) {
			uris := args.Strings()
			if args.Err() != nil || len(uris) == 0 || len(uris) > maxURIs {
				return none, &dbusipc.Error{Name: failed, Text: "that is no number of links"}
			}
			app.Open(uris)
			return none, nil
		}},
		"ActivateAction": {Args: "sava{sv}", Do: func(context.Context, string, *wire.Args) (none wire.Body, _ *dbusipc.Error) {
			return none, &dbusipc.Error{Name: failed, Text: "there are no actions"}
		}},
	}})
}

const failed = "org.freedesktop.DBus.Error.Failed"

func objectPath(id string) string { return dbusipc.ObjectPath(ipcapi.Address{Name: id}) }

// Open gives a link to the application of that id, which the bus starts if it does
// not run. The errors are of package ipcapi: ErrNoService if there is none.
func Open(ctx context.Context, id, uri string) error {
	b, err := dbusipc.Open(ctx, "")
	if err != nil {
		return err
	}
	defer b.Close()
	owner, _, err := b.Start(ctx, id)
	if err != nil {
		return err
	}
	return open(ctx, b, owner, id, uri)
}

// open gives the link to one process, and to no other that may have the name by then.
func open(ctx context.Context, b *dbusipc.Bus, owner, id, uri string) error {
	var args wire.Body
	args.Strings([]string{uri})
	args.EmptyDict()
	_, err := b.Call(ctx, dbusipc.Call{Destination: owner, Object: objectPath(id), Interface: applicationInterface, Member: "Open", Args: args})
	return dbusipc.WrapError("open a link with "+id, err)
}
