// Package process says what Linux knows about a process that calls: which file it
// runs, and which sandboxed app it belongs to.
//
// Transports call it with the process that the kernel, or the message bus, named
// as their peer. A number of a process can be taken over by another one when the
// first has ended; with a pidfd nothing that is returned belongs to anybody else.
//
// Beware of what a sandbox proves. An app inside one cannot pass for another app.
// A process of the same user outside of every sandbox can pass for any: it could
// as well take over the real app, with a debugger. What is returned is therefore
// the system's word about sandboxed apps, and no defence against the rest.
package process
