// Package dbusipc serves and calls the issuer's URLs over D-Bus.
//
// A service calls [Open] for a connection to the bus and then [Serve] with the
// well-known name of its address. A client fills in a [Dialer] and calls its
// Transport; [Connect] does both for client.Config.
//
// The bus starts the service when it is called, and says who calls. There are two
// methods, described by [Introspection]: Handle carries one HTTP message each way,
// Connect hands over one end of a socket pair on which plain HTTP/1.1 runs. A
// transport uses Connect, and the bus only for that: whole messages over the bus
// cost several times as much. Handle is for scripts and for small exchanges.
//
// Beware: any process of the user that is outside of a sandbox can take a name of
// the session bus that nobody has. Where it matters look at the peer
// ([Dialer.VerifyPeer]), and at package process for what a sandbox proves.
//
// It works on Linux. Elsewhere every function returns an error that is
// errors.ErrUnsupported.
package dbusipc
