// Package xapi is a learning record store: the REST API of xAPI 1.0.3 and 2.0
// (IEEE 9274.1.1) behind the tokens of package resource, on a bbolt file of its
// own.
//
// [Open] opens the file; [NewHandler] serves it. What a statement may look like is
// for package xapi/statement to say; this package keeps statements, finds them
// again and holds requests to the rules of the protocol.
//
// Every request that changes something is one durable commit, together with those
// that wait at the same time: a batch of fifty statements is as durable, and as
// whole, as one. Every filter of a query is a walk over an index, newest first.
//
// The file is sealed, its index included, under a key that is the caller's to keep: see
// [Keys]. Without it everything is lost, backups too.
//
// Beware: «stored» never goes back. If the clock was once ahead, what is stored
// after it was set right follows what was stored before, a microsecond apart.
package xapi
