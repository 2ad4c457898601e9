// Package linkhandler says what a link is: it reads the authorization link an app
// launches, decides which redirect URIs are acceptable, builds and reads the
// redirect that answers, and opens links.
//
// An authorization app calls [NewEndpoint] once and [Endpoint.Parse] for each link
// it is opened with. It gets a [Request] whose every field is already checked, or a
// [*LinkError]. When clients are registered, [ParseRedirectURI] accepts or refuses
// their redirect URIs; when a request comes, [RedirectURI.Matches] compares. The
// answer is made by [BuildRedirect] and opened by a [Launcher].
//
// A client app reads that answer with [ParseResponse], and then compares the state
// and the issuer with its own before it uses anything else of it.
//
// A launcher opens an app as a lesson by a link that [BuildLaunchLink] makes, and the
// app reads it with [ParseLaunchLink]: whose lesson it is, and where to record it.
//
// Beware of three things. A [*LinkError] may be sent back to the client only if
// [LinkError.Redirectable] says so and the redirect URI matched one that this very
// client registered; anything else makes an open redirector (RFC 9700 section 4.11).
// A link tells nothing about who launched it. And ParseResponse leaves the meaning
// of the ipc-service value to others: it is a hint, to be verified before use.
//
// The package is strict where parsers are known to disagree. Links and redirect
// URIs are ASCII without any character RFC 3986 forbids; scheme and host are lower
// case; ";" does not separate parameters and is refused in a query; encoded control
// characters and dot segments are refused. Comparison is then equality of strings.
package linkhandler
