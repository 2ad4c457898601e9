// Package clienttest is an authorization app that does not exist, for the tests
// of client apps: it answers links as a person would, issues tokens, and serves
// userinfo and the APIs a test gives it.
//
// Call [New], give the client [App.HTTPClient] as its way over the network, and
// let [App.Accept] or [App.Deny] answer the link of its Start. To go over real
// unix sockets call [App.Listen]; from then on redirects name them. [NewTLS] is
// a server on the network.
//
// It is strict where a server must be: PKCE by S256, codes used once, refresh
// tokens rotated, tokens required. [App.Intercept] and [Tamper] make it misbehave.
//
// Beware: it forgets everything when it ends, lets any client in, and asks nobody.
// It is for tests alone.
package clienttest
