// Package client logs an app in with an authorization app, on the same device
// or on the network, and gives it an ordinary [http.Client] for the APIs behind
// the login.
//
// Call [New] once for each issuer. [Client.Start] makes the link that the app
// launches; when the redirect arrives, even in a new process, [Client.Finish]
// turns it into the http.Client. Later runs get theirs from [Client.HTTPClient].
// [Client.Revoke] logs out.
//
// An app that is launched as a lesson needs no login: [OpenLesson] gives it an
// http.Client from the link.
//
// The URLs are the issuer's https URLs in every case. If the redirect names an
// `ipc-service`, requests to the issuer's origin go there, by inter-process
// communication; if it names none they go over HTTPS. The two are never mixed: a
// login stays on the path on which it was made.
//
// Beware of the `ipc-service`. It comes in a link that any app may have sent, and
// whoever it names receives the authorization code together with its proof. So
// [Config.Services] must accept it first, by what the app's maker knows
// ([Pinned]) or by the person's word (a [Verifier] of your own). Without that
// the error is an [*UnverifiedServiceError] and nothing is sent to anyone.
//
// Beware of other origins, too. The token goes to the origin of the issuer and to
// those of [Config.Resources] and to nobody else: a request to another origin is
// [ErrOtherOrigin] before anything is sent, and an HTTP redirect to one is not
// followed but handed to the caller, as the 3xx response it is. Use another
// http.Client for such URLs.
//
// Beware of what is stored, as well: whoever reads it is logged in. Give [Config.Store]
// a key ([WithKey], or better a [KeyStore] in hardware) where the system does not say
// who calls; then tokens are worth nothing without the key.
//
// Answers of APIs are never errors, whatever their status. What can fail, and what
// to do then, is said at each error of this package.
package client
