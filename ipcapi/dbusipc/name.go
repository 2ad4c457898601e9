package dbusipc

import (
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// Interface has the two methods of a service: Handle(ay request) -> (ay response)
// and Connect() -> (h stream).
const Interface = "org.offlineauth.HTTP1"

// ObjectPath is where the service of an address is: the object that the address
// names, or the one that the Desktop Entry Specification gives an application of
// that name.
func ObjectPath(a ipcapi.Address) string {
	if a.Object != "" {
		return a.Object
	}
	return "/" + strings.NewReplacer(".", "/", "-", "_").Replace(a.Name)
}

// Introspection describes [Interface] for introspection data.
const Introspection = `<interface name="` + Interface + `">
  <method name="Handle">
    <arg name="request" type="ay" direction="in"/>
    <arg name="response" type="ay" direction="out"/>
  </method>
  <method name="Connect">
    <arg name="stream" type="h" direction="out"/>
  </method>
</interface>
`

// standardInterfaces describes those that every object has.
const standardInterfaces = `<interface name="org.freedesktop.DBus.Introspectable">
  <method name="Introspect">
    <arg name="data" type="s" direction="out"/>
  </method>
</interface>
<interface name="org.freedesktop.DBus.Peer">
  <method name="Ping"/>
  <method name="GetMachineId">
    <arg name="machine_uuid" type="s" direction="out"/>
  </method>
</interface>
`

const doctype = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`
