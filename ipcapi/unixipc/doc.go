// Package unixipc serves and calls the issuer's URLs over unix sockets.
//
// A service calls [Listen] (or takes a listening socket it was handed, by
// net.FileListener) and then [Serve]. A client checks the address with
// [CheckOwner] and calls [Transport], or fills in a [Dialer] to look at the peer
// of every connection too. The address decides the wire: "unix" and
// "unix-abstract" sockets carry HTTP/1.1, so that any HTTP library can speak to
// them; "unix-seqpacket" ones carry one message each way on each connection.
//
// Beware: processes of one user that run outside a sandbox cannot be told
// apart. Such callers are unattested, and their Executable is for display.
//
// It works on Linux and Android. Elsewhere every function returns an error that
// is errors.ErrUnsupported.
package unixipc
