// Package offlineauth is an OAuth 2 authorization server that lives in an app on
// the device, so that two apps on one phone or desktop can do a standard login
// (RFC 8252) and use a standard REST API with no network at all.
//
// A maker of an authorization app calls [New] with an issuer and a directory and
// gets a [Server]. It has two sides:
//
//   - [Server.Handler] is what other apps may reach: serve it on the device's IPC
//     with package ipcapi/unixipc or a sibling.
//   - [Server.Begin] and [Server.Decide], or [Server.Pages], are the person's
//     side. Nothing of it is reachable through Handler.
//
// A REST API of the maker's own goes into [Config.APIs], where it is served
// behind the same guard as userinfo.
//
// A maker of a client app needs package client instead.
package offlineauth
