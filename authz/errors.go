package authz

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// An Error is a refusal in the words of the RFCs. Its Code and Description may
// go to the peer; its Cause is for the log and the person alone.
type Error struct {
	Code        string // such as "invalid_grant" (RFC 6749 sections 4.1.2.1 and 5.2)
	Description string // a sentence for the client's developer
	Cause       error  // why, in our own words; nil if Description says it all

	// Launch, if not nil, is the redirect that tells the client. It is nil when
	// no redirect URI was matched: then only the person is told.
	Launch *linkhandler.Launch
}

func (e *Error) Error() string {
	text := e.Code + ": " + e.Description
	if e.Cause != nil {
		text += " (" + e.Cause.Error() + ")"
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// Status is the HTTP status the endpoints answer with (RFC 6749 section 5.2).
func (e *Error) Status() int {
	switch e.Code {
	case "invalid_client", "invalid_token":
		return http.StatusUnauthorized
	case "access_denied":
		return http.StatusForbidden
	case "server_error":
		return http.StatusInternalServerError
	case "temporarily_unavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func refusef(code, description string, args ...any) *Error {
	return &Error{Code: code, Description: fmt.Sprintf(description, args...)}
}

// descriptions are what peers are told. They are ours, not fosite's: its hints
// name its internals.
var descriptions = map[string]string{
	"invalid_request":           "the request is malformed",
	"invalid_client":            "client authentication failed",
	"invalid_grant":             "the code or refresh token is unknown, expired, used, or not yours; start a new login",
	"invalid_scope":             "a requested scope is unknown or not granted",
	"unauthorized_client":       "this client may not do that",
	"unsupported_grant_type":    "only authorization_code and refresh_token are supported",
	"unsupported_response_type": "only the response type code is supported",
	"invalid_dpop_proof":        "the DPoP proof is malformed, for another request, or was used before",
	"use_dpop_nonce":            "make the DPoP proof with the nonce in DPoP-Nonce and repeat the request",
	"access_denied":             "the person said no",
	"server_error":              "the authorization server failed; try again",
	"temporarily_unavailable":   "the authorization server is stopping or busy; try again",
}

// asError is the one mapper from what can go wrong inside to what is said outside.
func asError(err, cause error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	code := "server_error"
	var protocol *fosite.RFC6749Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, store.ErrClosed):
		code = "temporarily_unavailable"
	case errors.Is(err, dpop.ErrNonce):
		code = "use_dpop_nonce"
	case errors.Is(err, dpop.ErrProof):
		code = "invalid_dpop_proof"
	case errors.As(err, &protocol):
		code = wireCode(protocol)
	}
	if cause == nil {
		cause = causeOf(err, protocol)
	}
	return &Error{Code: code, Description: descriptions[code], Cause: cause}
}

// causeOf is the whole of what fosite knows, for the log.
func causeOf(err error, protocol *fosite.RFC6749Error) error {
	if protocol == nil {
		return err
	}
	return fmt.Errorf("%w: %s %s", err, protocol.HintField, protocol.DebugField)
}

// wireCode keeps fosite's code if the RFCs have it.
func wireCode(err *fosite.RFC6749Error) string {
	if _, known := descriptions[err.ErrorField]; known {
		return err.ErrorField
	}
	if err.CodeField >= http.StatusInternalServerError {
		return "server_error"
	}
	return "invalid_request"
}
