package authz

import (
	"context"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// A Decision is what a person decided about an interaction.
type Decision struct {
	AccountID string
	Scopes    []string  // those granted; nil for all that were asked for
	AuthTime  time.Time // when the person authenticated; zero for now, by this decision
	ACR       string    // how they did, as ID tokens say it: [ACRPresent], [ACRPIN] or one of your own; "" to say nothing
	Once      bool      // ask again the next time, even if it is the same app with the same request
	Method    string    // how it was taken, for the audit trail: "page", "terminal", "flag"

	remembered bool // it was taken before, and is taken again without asking
}

// Authentication contexts (OpenID Connect Core section 2, `acr`) for [Decision].
const (
	ACRPresent  = "urn:offlineauth:acr:present"  // somebody with the unlocked device in their hands
	ACRPassword = "urn:offlineauth:acr:password" // who knows the password of the account
	ACRPIN      = "urn:offlineauth:acr:pin"      // who knows the PIN of the account
)

// Approve grants the interaction and returns the redirect to launch. It is one
// durable commit. A second decision about the same interaction is refused.
func (s *Server) Approve(ctx context.Context, id string, d Decision) (linkhandler.Launch, error) {
	var launch linkhandler.Launch
	j := s.judge(ctx, id, d)
	err := s.store.Do(ctx, func(ctx context.Context) (err error) {
		launch, err = s.approve(ctx, id, d, j)
		return err
	})
	if err != nil {
		return linkhandler.Launch{}, s.refused(ctx, asError(err, nil), "interaction", id)
	}
	return launch, nil
}

// approve grants the interaction, within a transaction; j is the request as it was judged
// before that, or nil.
func (s *Server) approve(ctx context.Context, id string, d Decision, j *judged) (linkhandler.Launch, error) {
	now := time.Now()
	held, err := s.store.DecideInteraction(ctx, id, now)
	if err != nil {
		return linkhandler.Launch{}, undecidable(err)
	}
	if !s.holds(ctx, j) {
		if j, err = s.reread(ctx, held, d); err != nil {
			return linkhandler.Launch{}, err
		}
	}
	client, request := j.client, j.request
	if d.AuthTime.IsZero() || d.AuthTime.After(now) {
		d.AuthTime = now
	}
	if refusal := s.checkPerson(ctx, client, request, held, d, now); refusal != nil {
		return linkhandler.Launch{}, refusal
	}
	login, err := s.newAuthorization(ctx, client, request, receiver(client, held.Identity), d, now)
	if err != nil {
		return linkhandler.Launch{}, err
	}
	if !client.ExpiresAt.IsZero() { // it registered itself, and is in use from now on
		client.ExpiresAt = time.Time{}
		if err := s.store.Clients.Put(ctx, client); err != nil {
			return linkhandler.Launch{}, err
		}
	}
	code, err := s.issueCode(ctx, j, login)
	if err != nil { // a scope or an API app has gone since; the client must not wait for ever
		return linkhandler.Launch{}, s.redirectError(ctx, client, request, held.Identity, asError(err, nil))
	}
	if err := s.record(ctx, eventApproved, login, d.Method); err != nil {
		return linkhandler.Launch{}, err
	}
	return s.redirect(ctx, client, request, held.Identity, linkhandler.Response{Code: code})
}

// checkPerson refuses a decision by somebody else than the request is for, or who
// was last asked who they are too long ago. The request waits for a better one.
func (s *Server) checkPerson(ctx context.Context, client store.Client, request *linkhandler.Request, held store.Interaction, d Decision, now time.Time) *Error {
	if _, err := s.store.Accounts.Get(ctx, d.AccountID); err != nil {
		return &Error{Code: "invalid_request", Description: "choose an account that exists", Cause: err}
	}
	expected, refusal := s.expectedAccount(ctx, client, request)
	switch {
	case refusal != nil:
		return refusal
	case expected != "" && expected != d.AccountID:
		return refusef("invalid_request", "the app asks for another account")
	case d.AuthTime.Before(authAfter(request, held.CreatedAt, now)):
		return refusef("login_required", "authenticate again: the app asks for it")
	}
	return nil
}

// narrow returns those of asked that were granted; all when granted is nil.
func narrow(asked, granted []string) ([]string, error) {
	if granted == nil {
		return asked, nil
	}
	for _, scope := range granted {
		if !slices.Contains(asked, scope) {
			return nil, refusef("invalid_scope", "the scope %q was not asked for", scope)
		}
	}
	return slices.DeleteFunc(slices.Clone(asked), func(scope string) bool { return !slices.Contains(granted, scope) }), nil
}

// newAuthorization makes a login beneath the grant of the account to the client. It is
// written with its code.
func (s *Server) newAuthorization(ctx context.Context, client store.Client, request *linkhandler.Request, identity string, d Decision, now time.Time) (store.Authorization, error) {
	grant, err := s.store.UpsertGrant(ctx, d.AccountID, client.ID, identity, request.Scopes, now)
	if err != nil {
		return store.Authorization{}, err
	}
	if err := s.remember(ctx, grant, request, d, now); err != nil {
		return store.Authorization{}, err
	}
	login := store.Authorization{
		ID:        loginID(now),
		GrantID:   grant.ID,
		AccountID: d.AccountID,
		ClientID:  client.ID,
		Identity:  identity,
		Scopes:    request.Scopes,
		Resources: request.Resources,
		Nonce:     request.Nonce,
		AuthTime:  d.AuthTime,
		ACR:       d.ACR,
		CreatedAt: now,
		ExpiresAt: now.Add(s.lifetimes.RefreshTotal),
	}
	return login, nil
}

// issueCode writes the login, with a code.
func (s *Server) issueCode(ctx context.Context, j *judged, login store.Authorization) (string, error) {
	request, parsed := j.request, j.parsed
	if parsed == nil {
		var err error
		if parsed, err = s.authorizeRequest(ctx, j.client, request); err != nil {
			return "", err
		}
	}
	parsed.SetID(login.ID)
	for _, scope := range request.Scopes {
		parsed.GrantScope(scope)
	}
	sess := newSession()
	login.Code = store.Code{RedirectURI: request.RedirectURI, Challenge: request.CodeChallenge, DPoPKey: request.DPoPKey}
	sess.hydrate(login)
	response, err := s.provider.NewAuthorizeResponse(ctx, parsed, sess)
	if err != nil {
		return "", err
	}
	return response.GetCode(), nil
}

// Deny ends the interaction with access_denied and returns the redirect to launch.
func (s *Server) Deny(ctx context.Context, id string, d Decision) (linkhandler.Launch, error) {
	var launch linkhandler.Launch
	err := s.store.Do(ctx, func(ctx context.Context) error {
		held, err := s.store.DecideInteraction(ctx, id, time.Now())
		if err != nil {
			return undecidable(err)
		}
		client, _, request, refusal := s.reopen(ctx, held)
		if refusal != nil {
			return refusal
		}
		denied := store.Authorization{AccountID: d.AccountID, ClientID: client.ID}
		if err := s.record(ctx, eventDenied, denied, d.Method); err != nil {
			return err
		}
		launch, err = s.redirect(ctx, client, request, held.Identity, linkhandler.Response{Error: "access_denied", ErrorDescription: descriptions["access_denied"]})
		return err
	})
	if err != nil {
		return linkhandler.Launch{}, s.refused(ctx, asError(err, nil), "interaction", id)
	}
	return launch, nil
}
