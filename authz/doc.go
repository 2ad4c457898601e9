// Package authz is the authorization server: it decides who may have which
// token, and nothing else. It is the only package that knows fosite.
//
// [New] makes a [Server] over a store. A server has two sides, and they never
// share a handler:
//
//   - The person's side is a set of methods. [Server.Begin] turns a launched
//     link into an [Interaction] for a page or a prompt to show;
//     [Server.Approve] and [Server.Deny] end it with a redirect to launch.
//   - The callers' side is [Server.Handler], an http.Handler for the token,
//     revocation and introspection endpoints, the metadata and the keys. It is
//     what gets served over IPC. Who is calling comes in the request's context
//     as an ipcapi.Caller.
//
// [Server.Introspect] is the third way in: the guard of a REST API in the same
// process asks it about an access token.
//
// A request that changes state does all its work in one transaction of the
// store, opened here and carried by the context, so that a code is redeemed, an
// authorization made and a token recorded together or not at all. Whatever is
// slow or hostile (reading a body, finding out who calls) happens before.
//
// Beware: times are the wall clock's. A code, a refresh token or a login that was
// once seen as expired is deleted, so that a clock set back does not revive it. An
// access token has no record to delete: if the clock is set back into its lifetime
// it is good again, until its login ends.
package authz
