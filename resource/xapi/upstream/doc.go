// Package upstream brings the statements and documents of a learning record store on
// this device to one on the network, when there is a network: store and forward.
//
// [New] makes a [Forwarder] for one upstream. [Forwarder.Run] forwards until its
// context ends; [Forwarder.Now] forwards what waits, once, and says how it went.
//
// Statements go in the order in which they were stored, at most 50 or 1 MB in a
// request, with their attachments, and what voids a statement after that statement.
// One is forwarded only when the upstream has said so. It may be killed at any
// moment: what it had not noted by then is sent again, under the same id, which the
// upstream knows.
//
// A batch that is refused (400, 403, 409, 413) is halved until the statement is found
// that it is about. If the upstream has it already and it says the same, it counts as
// forwarded; if not, it goes into quarantine, and nothing waits for it. After
// anything else (no network, 429, 5xx) forwarding pauses, longer each time, or for as
// long as the upstream asks.
//
// A document goes as it is by then, whatever it was in between, and replaces only what
// is known to be an older state of it: the request names the ETag of that. What
// somebody else has written on the upstream is not overwritten: our document goes into
// quarantine, until [Forwarder.Retry] says that it is to replace what was seen there.
//
// Beware of a captive network, which answers anything to any request: an answer
// counts only if it names the statements. And of the credentials: they are sent to
// the endpoint alone, and no redirect is followed.
package upstream
