// Package desktop takes and delivers links on a Linux desktop, over the session bus
// where that is possible.
//
// An app that is given links calls [Export] on its connection to the bus, and is
// described by a [Entry] whose DBusActivatable is true. One that delivers links has
// a [Launcher]: it hands a redirect to one app alone if the system attests that app,
// and otherwise to whichever app claims the scheme.
//
// Beware: no app of a Linux desktop can claim the https links of one host. A client
// finds the authorization app by name ([Open]) or by its private-use scheme.
package desktop
