// Package control is the person's side of a data directory, for the program's
// commands: an HTTP API on the socket DIR/control.sock when a server has the
// directory open, the same API in process when none has.
//
// A command calls [With]; a server calls [Take], then serves [Handler] behind
// [OwnUser] at [Address].
//
// The socket has mode 0600 and answers its own user alone. It is never named in
// an `ipc-service`.
package control
