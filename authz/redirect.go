package authz

import (
	"context"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// redirect completes a response with what every one carries (RFC 9207 for iss)
// and addresses it to the app that asked, or to the one that is registered.
func (s *Server) redirect(ctx context.Context, client store.Client, request *linkhandler.Request, identity string, response linkhandler.Response) (linkhandler.Launch, error) {
	response.State = request.State
	response.Issuer = s.issuer
	if !overNetwork(ctx) {
		response.IPCService = s.services.String()
	}
	uri, err := linkhandler.BuildRedirect(request.RedirectURI, response)
	if err != nil {
		return linkhandler.Launch{}, &Error{Code: "invalid_request", Description: "the redirect cannot be built", Cause: err}
	}
	if overNetwork(ctx) {
		return linkhandler.Launch{URI: uri}, nil
	}
	return linkhandler.Launch{URI: uri, App: receiver(client, identity)}, nil
}

// receiver is the one app that may be on the client's side: the one that asked,
// as the system says, or the only one registered. Empty is any.
func receiver(client store.Client, identity string) string {
	if identity == "" && len(client.Identities) == 1 {
		return client.Identities[0]
	}
	return identity
}

// redirectError gives a refusal the redirect that tells the client. One that
// described itself, and that no person has approved yet, is not told: a link with a
// mistake in it would take the person to wherever a stranger wants, without asking
// (RFC 9700 section 4.11.2).
func (s *Server) redirectError(ctx context.Context, client store.Client, request *linkhandler.Request, identity string, e *Error) *Error {
	if !client.ExpiresAt.IsZero() {
		return e
	}
	launch, err := s.redirect(ctx, client, request, identity, linkhandler.Response{Error: e.Code, ErrorDescription: e.Description})
	if err == nil {
		e.Launch = &launch
	}
	return e
}
