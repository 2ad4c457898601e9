// Package ipcapi carries HTTP over the inter-process communication of an
// operating system, so that an app can call the issuer's https URLs on a
// device that has no network.
//
// There are two wires. On the message wire one HTTP/1.1 message travels in one
// byte string each way ([MarshalRequest], [MessageTransport], [MessageServer]);
// it suits small exchanges and systems that only carry messages. On the stream
// wire plain HTTP/1.1 runs on a connection with no TLS ([StreamTransport],
// [NewStreamServer]). The URLs and the handler are the same on both.
//
// A client starts with [ParseService], which reads the ipc-service value of a
// redirect, and gets its [net/http.RoundTripper] from a transport package such
// as ipcapi/unixipc. A service hands an [net/http.Handler] to that package's
// Serve and asks [CallerFrom] who is calling. [Local] joins the two in one
// process.
//
// Beware: an ipc-service value is a hint from an untrusted redirect. Check that
// the address belongs to the issuer before anything is sent to it. Nothing is
// ever retried on the message wire: see [TooLargeError] for when a request may
// be repeated.
package ipcapi
