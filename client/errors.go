package client

import (
	"errors"
	"fmt"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// What can go wrong. Test with [errors.Is]; a request's error is wrapped in the
// *url.Error of net/http. Beside these there are the errors of package ipcapi
// (ipcapi.ErrNoService: the authorization app is not running or was removed; start
// it or say so, then repeat), those of the network, and those of the [Store].
var (
	// ErrNotLoggedIn: no login is stored. Call [Client.Start].
	ErrNotLoggedIn = errors.New("not logged in: start a login")

	// ErrLoginRequired: there was a login and it is over: revoked, replaced by
	// another one, or expired without a way to renew it. Ask the person, then
	// call [Client.Start]; after a replacement [Client.HTTPClient] is enough.
	ErrLoginRequired = errors.New("the login is over: start a new one")

	// ErrNoPendingLogin: the redirect answers no login that is waiting. It was
	// finished before, started more than an hour ago, or started with another
	// Store. Call [Client.Start] if the person still wants to log in.
	ErrNoPendingLogin = errors.New("no login is waiting for this redirect: start a new one")

	// ErrRedirect: what arrived is not a redirect to [Config.RedirectURI], or is
	// malformed. Nothing was done: go on waiting for the real one.
	ErrRedirect = errors.New("not a redirect for this client")

	// ErrState: logins are waiting, and the redirect carries the state of none. It
	// answers one that is over, or another app made it up. Nothing was done: go on
	// waiting.
	ErrState = errors.New("the redirect answers another request (its state is not ours)")

	// ErrIssuer: the redirect comes from another authorization server than the
	// one that was asked, or does not say from which (RFC 9207 section 2.4).
	// Nothing was sent. If it is your own server, have it send `iss`.
	ErrIssuer = errors.New("the redirect is not from the issuer (its iss is not ours)")

	// ErrUnverifiedService: see [UnverifiedServiceError].
	ErrUnverifiedService = errors.New("the service is not known to belong to the issuer, nothing was sent")

	// ErrAccessDenied: the person said no. Offer to start again, later.
	ErrAccessDenied = errors.New("the person denied the request")

	// ErrMetadata: the issuer's metadata (RFC 8414) are missing, malformed, or
	// another issuer's. A matter for the maker of the authorization app.
	ErrMetadata = errors.New("the issuer's metadata cannot be used")

	// ErrIDToken: the ID token that came with the tokens is missing, forged, for
	// somebody else or expired (OpenID Connect Core section 3.1.3.7). The login
	// was not stored. Check the device's clock; then it is a matter for the
	// maker of the authorization app.
	ErrIDToken = errors.New("the ID token cannot be accepted")

	// ErrOtherOrigin: the URL is neither of the issuer's origin nor of one in
	// [Config.Resources]. Nothing was sent. Name the API there, or use another
	// http.Client for it.
	ErrOtherOrigin = errors.New("this client sends nothing to that origin")
)

// An UnverifiedServiceError says that nothing accepted Service for the issuer:
// it is unknown to [Config.Services], or not what it was. Nothing was sent to
// anyone, and a login that was waiting goes on waiting.
//
// Tell the person which app answered. If they trust it, remember that in your
// [Verifier] and call [Client.Finish] again with the same redirect. If the app was
// updated and moved its service, update the pins.
//
// errors.Is(err, ErrUnverifiedService) holds.
type UnverifiedServiceError struct {
	Issuer  string         // or the origin of a resource
	Value   string         // the ipc-service value as it came
	Service ipcapi.Service // the same parsed; nil if that failed
	Err     error          // what the Verifier or the parser said
}

func (e *UnverifiedServiceError) Error() string {
	return fmt.Sprintf("%v: issuer %s, service %q: %v", ErrUnverifiedService, e.Issuer, e.Value, e.Err)
}

// Unwrap gives ErrUnverifiedService and the cause to errors.Is and errors.As.
func (e *UnverifiedServiceError) Unwrap() []error { return []error{ErrUnverifiedService, e.Err} }

// An AuthorizationError is the authorization server's refusal, brought by the
// redirect (RFC 6749 section 4.1.2.1). The login that was waiting is over.
//
// With Code access_denied (errors.Is(err, ErrAccessDenied)) the person said no.
// With temporarily_unavailable or server_error starting again may help. The rest
// are mistakes of this app's configuration or registration.
type AuthorizationError struct {
	Code        string // such as "access_denied" or "invalid_scope"
	Description string // for developers; may be empty
	URI         string // a page for developers; may be empty
}

func (e *AuthorizationError) Error() string {
	return "the authorization server refused: " + described(e.Code, e.Description)
}

// Is makes errors.Is(err, ErrAccessDenied) true for that code.
func (e *AuthorizationError) Is(target error) bool {
	return target == ErrAccessDenied && e.Code == "access_denied"
}

// A TokenError is the answer of the token or the revocation endpoint when it is
// not what was asked for (RFC 6749 section 5.2, RFC 7009 section 2.2.1).
//
// In [Client.Finish], invalid_grant means that the code was used, or has expired:
// start again. invalid_client and unauthorized_client are mistakes of the
// registration. An empty Code is a server that does not speak OAuth.
type TokenError struct {
	Status      int    // of HTTP; 0 if not known
	Code        string // such as "invalid_grant"; may be empty
	Description string // for developers; may be empty
}

func (e *TokenError) Error() string {
	text := "the authorization server gave no token: " + described(e.Code, e.Description)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP status %d)", e.Status)
	}
	return text
}

func described(code, description string) string {
	switch {
	case description == "":
		return code
	case code == "":
		return description
	}
	return code + ": " + description
}

// tokenError translates what package oauth2 says about a token request. What a
// transport said stays as it is.
func tokenError(err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		return fmt.Errorf("token request: %w", err)
	}
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) {
		return &TokenError{Description: err.Error()}
	}
	description := refusal.ErrorDescription
	if refusal.ErrorCode == "" {
		description = "the answer is not one of RFC 6749"
	}
	return &TokenError{Status: refusal.Response.StatusCode, Code: refusal.ErrorCode, Description: description}
}
