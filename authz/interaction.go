package authz

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// An Interaction is an authorization request that waits for a person's decision.
type Interaction struct {
	ID           string
	ClientID     string
	ClientName   string
	RedirectURI  string
	RedirectKind linkhandler.RedirectKind
	Scopes       []Scope  // what is asked for; the person may grant fewer
	Resources    []string // the APIs the tokens will be for (RFC 8707); nil for the issuer's own
	ExpiresAt    time.Time

	// Which app asks.
	Identity       string // as the operating system attests; "" for a plain link
	Registered     bool   // whether a person registered that app as the client: only then is the name its own
	SelfRegistered bool   // whether the app registered itself (RFC 7591): the name is what it calls itself
	New            bool   // whether nobody here has ever let it in

	// Who is asked (OpenID Connect Core section 3.1.2.1).
	LoginHint     string    // the username the client expects, as it says; "" if it does not
	AccountID     string    // the one account that may approve; "" for any
	SelectAccount bool      // the account is to be chosen, even if there is one only
	AuthAfter     time.Time // when the person must have authenticated, at the earliest; zero for whenever

	// Launch, if not nil, is the answer: nobody is to be asked. Nothing else is set then but ID.
	Launch *linkhandler.Launch
}

// Interaction returns an undecided interaction again, for a page that is reloaded.
func (s *Server) Interaction(ctx context.Context, id string) (Interaction, error) {
	held, err := s.store.Interaction(id, time.Now())
	if err != nil {
		return Interaction{}, s.refused(ctx, undecidable(err))
	}
	client, redirect, request, refusal := s.reopen(ctx, held)
	if refusal != nil {
		return Interaction{}, s.refused(ctx, refusal)
	}
	return s.view(ctx, client, redirect, request, held)
}

func (s *Server) view(ctx context.Context, client store.Client, redirect linkhandler.RedirectURI, request *linkhandler.Request, held store.Interaction) (Interaction, error) {
	expected, refusal := s.expectedAccount(ctx, client, request)
	if refusal != nil {
		return Interaction{}, s.refused(ctx, s.redirectError(ctx, client, request, held.Identity, refusal))
	}
	view := Interaction{
		ID:             held.ID,
		ClientID:       client.ID,
		ClientName:     client.Name,
		RedirectURI:    request.RedirectURI,
		RedirectKind:   redirect.Kind(),
		Resources:      request.Resources,
		ExpiresAt:      held.ExpiresAt,
		Identity:       held.Identity,
		Registered:     held.Identity != "" && !client.SelfRegistered && slices.Contains(client.Identities, held.Identity),
		SelfRegistered: client.SelfRegistered,
		LoginHint:      request.LoginHint,
		AccountID:      expected,
		SelectAccount:  prompts(request, promptSelectAccount),
		AuthAfter:      authAfter(request, held.CreatedAt, time.Now()),
	}
	for _, scope := range s.scopes {
		if slices.Contains(request.Scopes, scope.Name) {
			view.Scopes = append(view.Scopes, scope)
		}
	}
	ever, err := s.store.EverGranted(ctx, client.ID)
	if err != nil {
		return Interaction{}, s.refused(ctx, asError(err, nil))
	}
	view.New = !ever
	return view, nil
}

// GrantedBefore returns the scopes that an account has granted before to the app that
// asks; none if it never has, or has taken that back.
func (s *Server) GrantedBefore(ctx context.Context, i Interaction, accountID string) ([]string, error) {
	client, err := s.store.Clients.Get(ctx, i.ClientID)
	if err != nil {
		return nil, err
	}
	grant, err := s.store.LivingGrant(ctx, accountID, i.ClientID, receiver(client, i.Identity))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return grant.Scopes, err
}

// reopen reads a held request again. The client is looked up anew: it may have
// been removed, or lost its redirect URI, since the link was launched. One with
// another name is not the one the person was shown.
func (s *Server) reopen(ctx context.Context, held store.Interaction) (store.Client, linkhandler.RedirectURI, *linkhandler.Request, *Error) {
	request, err := linkhandler.ParseRequest(held.Parameters)
	if err != nil {
		return store.Client{}, linkhandler.RedirectURI{}, nil, asLinkError(err)
	}
	client, redirect, refusal := s.matchClient(ctx, request)
	if refusal == nil && client.Name != held.ClientName {
		refusal = &Error{Code: "invalid_request", Description: "the app has another name than when you were asked; open the link again", Cause: store.ErrNotFound}
	}
	return client, redirect, request, refusal
}

func undecidable(err error) *Error {
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExpired):
		return &Error{Code: "invalid_request", Description: "this request is gone; open the link again from the app", Cause: err}
	case errors.Is(err, store.ErrConsumed):
		return &Error{Code: "invalid_request", Description: "this request was decided already", Cause: err}
	}
	return asError(err, nil)
}
