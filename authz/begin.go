package authz

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// Begin takes a launched link and returns the interaction to show. Nothing is
// written: an undecided request costs no commit, and a flood of links fills no disk.
//
// If the interaction has a Launch it is decided already, by what the person has
// allowed this app before: launch that, and show nothing.
//
// The error is an [*Error]. If it has a Launch, the redirect URI was good and the
// client is to be told by launching it; otherwise only the person is (RFC 9700
// section 4.11.2).
func (s *Server) Begin(ctx context.Context, link string) (Interaction, error) {
	request, err := s.endpoint.Parse(link)
	var wrong *linkhandler.LinkError
	switch {
	case errors.As(err, &wrong) && wrong.Redirectable():
		return Interaction{}, s.refuseLink(ctx, wrong)
	case err != nil:
		return Interaction{}, s.refused(ctx, asLinkError(err))
	}
	if request.RequestURI != "" {
		return s.beginPushed(ctx, request)
	}
	return s.begin(ctx, request, store.Interaction{})
}

// begin holds a request until the decision. held says who pushed it, if it was.
func (s *Server) begin(ctx context.Context, request *linkhandler.Request, held store.Interaction) (Interaction, error) {
	client, redirect, refusal := s.matchClient(ctx, request)
	if refusal != nil {
		return Interaction{}, s.refused(ctx, refusal)
	}
	if refusal := s.checkRequest(ctx, client, request); refusal != nil {
		return Interaction{}, s.refused(ctx, s.redirectError(ctx, client, request, held.Identity, refusal))
	}
	now := time.Now()
	held.ID = randomID()
	held.ClientID, held.ClientName = client.ID, client.Name
	held.Parameters = request.Values()
	held.CreatedAt, held.ExpiresAt = now, now.Add(s.lifetimes.Interaction)
	_, ask := s.remembered(ctx, client, request, held)
	if ask != nil && prompts(request, promptNone) {
		return Interaction{}, s.refused(ctx, s.redirectError(ctx, client, request, held.Identity, ask))
	}
	if err := s.store.PutInteraction(held); err != nil {
		return Interaction{}, s.refused(ctx, asError(err, nil))
	}
	if ask == nil {
		launch, err := s.answer(ctx, held.ID)
		if err == nil {
			return Interaction{ID: held.ID, Launch: &launch}, nil
		}
		s.refused(ctx, asError(err, nil), "interaction", held.ID) // so the person is asked
	}
	return s.view(ctx, client, redirect, request, held)
}

// asLinkError maps a link that cannot be answered by a redirect.
func asLinkError(err error) *Error {
	var wrong *linkhandler.LinkError
	if errors.As(err, &wrong) {
		return &Error{Code: wrong.Code, Description: "the link is not a valid authorization request", Cause: err}
	}
	return asError(err, nil)
}

// refuseLink answers a malformed request by its redirect URI, if that is the client's.
func (s *Server) refuseLink(ctx context.Context, wrong *linkhandler.LinkError) error {
	refusal := &Error{Code: wrong.Code, Description: strings.TrimSpace(wrong.Parameter + " " + wrong.Reason), Cause: wrong}
	client, _, unmatched := s.matchClient(ctx, wrong.Request)
	if unmatched != nil {
		return s.refused(ctx, unmatched)
	}
	return s.refused(ctx, s.redirectError(ctx, client, wrong.Request, "", refusal))
}

// matchClient finds the client of a request and the registered redirect URI
// that matches the requested one.
func (s *Server) matchClient(ctx context.Context, request *linkhandler.Request) (store.Client, linkhandler.RedirectURI, *Error) {
	client, err := s.store.LiveClient(ctx, request.ClientID, time.Now())
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExpired) {
		return client, linkhandler.RedirectURI{}, refusef("invalid_client", "no client %q is registered", request.ClientID)
	}
	if err != nil {
		return client, linkhandler.RedirectURI{}, asError(err, nil)
	}
	for _, uri := range client.RedirectURIs {
		registered, err := linkhandler.ParseRedirectURI(uri)
		if err == nil && registered.Matches(request.RedirectURI) {
			return client, registered, nil
		}
	}
	return client, linkhandler.RedirectURI{}, refusef("invalid_request", "the redirect URI is not one that client %q registered", request.ClientID)
}

// checkRequest completes the request and lets fosite judge it.
func (s *Server) checkRequest(ctx context.Context, client store.Client, request *linkhandler.Request) *Error {
	if len(request.Scopes) == 0 {
		request.Scopes = client.Scopes
	}
	if _, err := s.authorizeRequest(ctx, client, request); err != nil {
		return asError(err, nil)
	}
	return nil
}

// authorizeRequest is the request as fosite parsed it. fosite insists on a
// state; the client's own, or none, is put into the redirect here. It is judged
// when the link is launched and again at the decision, since when a scope or an
// API app may have gone.
func (s *Server) authorizeRequest(ctx context.Context, client store.Client, request *linkhandler.Request) (*fosite.AuthorizeRequest, error) {
	for _, scope := range request.Scopes {
		if !s.KnowsScope(scope) {
			return nil, refusef("invalid_scope", "the scope %q is unknown", scope)
		}
	}
	if refusal := s.checkResources(ctx, request.Resources); refusal != nil {
		return nil, refusal
	}
	form := url.Values{
		"client_id":             {client.ID},
		"redirect_uri":          {request.RedirectURI},
		"response_type":         {request.ResponseType},
		"scope":                 {strings.Join(request.Scopes, " ")},
		"state":                 {"-"},
		"code_challenge":        {request.CodeChallenge},
		"code_challenge_method": {request.CodeChallengeMethod},
	}
	ctx = withExchange(ctx, &exchange{client: client, redirectURI: request.RedirectURI})
	parsed, err := s.provider.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodGet, URL: &url.URL{}, Form: form})
	if err != nil {
		return nil, err
	}
	return parsed.(*fosite.AuthorizeRequest), nil
}
