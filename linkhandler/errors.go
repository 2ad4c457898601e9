package linkhandler

import "errors"

// The error codes this package gives in a [LinkError]. They may be sent to the
// client as they are.
const (
	codeInvalidRequest          = "invalid_request"            // RFC 6749 section 4.1.2.1
	codeInvalidScope            = "invalid_scope"              // RFC 6749 section 4.1.2.1
	codeUnsupportedResponseType = "unsupported_response_type"  // RFC 6749 section 4.1.2.1
	codeInvalidTarget           = "invalid_target"             // RFC 8707 section 2
	codeInvalidRequestURI       = "invalid_request_uri"        // OIDC Core section 3.1.2.6
	codeRequestNotSupported     = "request_not_supported"      // OIDC Core section 3.1.2.6
	codeRegistrationUnsupported = "registration_not_supported" // OIDC Core section 3.1.2.6
)

// An InvalidError refuses an issuer, a custom scheme, a redirect URI, a response,
// or a URI to launch.
type InvalidError struct {
	// Parameter is what was refused: "issuer", "custom scheme", "redirect_uri",
	// "uri", "redirect" (the received one as a whole), or a response parameter.
	Parameter string
	// Reason is the rest of the sentence that Parameter begins. It quotes at most
	// one character of the refused value.
	Reason string
}

func (e *InvalidError) Error() string { return e.Parameter + " " + e.Reason }

// refused returns err as the reason to refuse parameter, or the one it names itself.
func refused(parameter string, err error) *InvalidError {
	var inner *InvalidError
	if errors.As(err, &inner) {
		return inner
	}
	return &InvalidError{Parameter: parameter, Reason: err.Error()}
}

// A LinkError says why an authorization link was refused.
type LinkError struct {
	// Code is the error code for the client: one of RFC 6749 section 4.1.2.1,
	// RFC 8707 section 2 or OpenID Connect Core section 3.1.2.6.
	Code string
	// Parameter is the request parameter at fault, or "link" for the link as a whole.
	Parameter string
	// Reason is the rest of the sentence that Parameter begins.
	Reason string
	// Request holds what could be read before the refusal: ClientID, RedirectURI
	// and State, each only if it was valid. It is nil if this is no authorization
	// link of the endpoint, or its query cannot be decoded.
	Request *Request
}

func (e *LinkError) Error() string { return e.Code + ": " + e.Parameter + " " + e.Reason }

// Redirectable reports whether the client may be told by a redirect to
// Request.RedirectURI, provided that this URI matches one the client registered.
// It is false when client_id or redirect_uri themselves were missing, repeated or
// malformed (RFC 6749 section 4.1.2.1), and for a pushed request, whose redirect
// URI is not in the link.
func (e *LinkError) Redirectable() bool {
	return e.Request != nil && e.Request.ClientID != "" && e.Request.RedirectURI != ""
}
