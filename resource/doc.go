// Package resource serves REST APIs behind access tokens.
//
// A [Guard] stands before a handler and lets through requests that carry a token
// which is in force, for this API, with the scope it takes, presented by the app
// it was issued to. The handler finds the token with [TokenFrom].
//
// Whether a token is in force is for an [Introspector] to say: the authorization
// server itself when it is in the same process; [Remote] when the API is an app
// of its own and asks over IPC, each time; [Signed] when it is to ask nobody, and
// takes only tokens that are over within minutes.
//
// An API app says where it is by [Metadata].
//
// Beware: who presents a token is what the API's own system says, in the request's
// context (ipcapi.WithCaller). Serve the guard with a transport of ipcapi, which puts
// it there; with any other, a token that is bound to an app is refused.
package resource
