package authz

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// Remembered consent. A request is answered without asking if the operating system
// says that the app which pushed it is the one in the grant (RFC 8252 section 8.6),
// and the person has allowed all of it before. A plain link names no caller, so it
// is never answered like that.

// methodRemembered is how the audit trail calls such a decision.
const methodRemembered = "remembered"

// maxAnswers is how many logins a day a grant gives without asking. Each is on the
// disk for as long as it may be used.
const maxAnswers = 50

// remembered is the decision that need not be asked for, or why it has to be, in
// the words that tell a client which does not want the person to be asked.
func (s *Server) remembered(ctx context.Context, client store.Client, request *linkhandler.Request, held store.Interaction) (Decision, *Error) {
	if refusal := askAnyway(overNetwork(ctx), client, request, held); refusal != nil {
		return Decision{}, refusal
	}
	account, refusal := s.soleAccount(ctx, client, request)
	if refusal != nil {
		return Decision{}, refusal
	}
	grant, err := s.store.LivingGrant(ctx, account, client.ID, held.Identity)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Decision{}, asError(err, nil)
	}
	// A PIN keeps others who hold the device out of the account. They could make an
	// app ask.
	protected, err := s.HasSecret(ctx, account, PIN)
	switch {
	case err != nil:
		return Decision{}, asError(err, nil)
	case protected:
		return Decision{}, refusef("login_required", "the account has a PIN, which has to be asked for")
	}
	if refusal := recall(grant.Consent, request, held, time.Now()); refusal != nil {
		return Decision{}, refusal
	}
	return Decision{
		AccountID:  account,
		AuthTime:   grant.Consent.AuthTime,
		ACR:        grant.Consent.ACR,
		Method:     methodRemembered,
		remembered: true,
	}, nil
}

// askAnyway says why the person is asked whatever they have said before.
func askAnyway(over bool, client store.Client, request *linkhandler.Request, held store.Interaction) *Error {
	switch {
	case over:
		return refusef("interaction_required", "over a network the person has to sign in and decide")
	case held.Identity == "":
		return refusef("interaction_required", "this system cannot tell which app asks, so the person has to be asked; push the request first")
	case len(client.Identities) > 0 && !slices.Contains(client.Identities, held.Identity):
		return refusef("interaction_required", "the app is not registered as the client any more")
	case request.Prompt != "" && !prompts(request, promptNone):
		return refusef("interaction_required", "the client wants the person to be asked")
	}
	return nil
}

// soleAccount is the account that nobody has to choose: the one the client names,
// or the only one there is.
func (s *Server) soleAccount(ctx context.Context, client store.Client, request *linkhandler.Request) (string, *Error) {
	expected, refusal := s.expectedAccount(ctx, client, request)
	switch {
	case refusal != nil:
		return "", refusal
	case expected != "":
		return expected, nil
	case request.IDTokenHint != "":
		return "", refusef("login_required", "the id_token_hint is not one of this server for this client")
	}
	if request.LoginHint != "" {
		account, err := s.store.AccountByUsername(ctx, request.LoginHint)
		if err != nil {
			return "", noAccount(err)
		}
		return account.ID, nil
	}
	var sole string
	for account, err := range s.store.Accounts.All(ctx) {
		switch {
		case err != nil:
			return "", asError(err, nil)
		case sole != "":
			return "", refusef("account_selection_required", "there are several accounts; send a login_hint or an id_token_hint")
		}
		sole = account.ID
	}
	if sole == "" {
		return "", noAccount(store.ErrNotFound)
	}
	return sole, nil
}

// noAccount is the refusal when an account was not found.
func noAccount(err error) *Error {
	if errors.Is(err, store.ErrNotFound) {
		return refusef("login_required", "there is no such account")
	}
	return asError(err, nil)
}

// recall says why what a grant remembers does not answer the request.
func recall(c store.Consent, request *linkhandler.Request, held store.Interaction, now time.Time) *Error {
	since := authAfter(request, held.CreatedAt, now)
	switch {
	case !c.Covers(permissions(request)):
		return refusef("consent_required", "the person has not allowed all of this yet")
	case !since.IsZero() && (c.AuthTime.Before(since) || c.AuthTime.After(now)):
		return refusef("login_required", "the person was last there longer ago than max_age")
	case c.Answers >= maxAnswers && sameDay(c.AnswersFrom, now):
		return refusef("interaction_required", "this app has logged in very often; the person has to be asked")
	}
	return nil
}

// permissions are what a request asks for, to be remembered or compared.
func permissions(request *linkhandler.Request) []store.Permission {
	scopes, resources := request.Scopes, request.Resources
	if len(scopes) == 0 {
		scopes = []string{""}
	}
	if len(resources) == 0 {
		resources = []string{""}
	}
	var asked []store.Permission
	for _, resource := range resources {
		for _, scope := range scopes {
			asked = append(asked, store.Permission{Scope: scope, Resource: resource})
		}
	}
	return asked
}

// remember records in the grant what a decision was: one by the person is what
// need not be asked again, one without them counts against maxAnswers.
func (s *Server) remember(ctx context.Context, grant store.Grant, request *linkhandler.Request, d Decision, now time.Time) error {
	c := store.Consent{Permissions: permissions(request), AuthTime: d.AuthTime, ACR: d.ACR}
	switch {
	case d.remembered:
		c.Answers, c.AnswersFrom = grant.Consent.Answers+1, grant.Consent.AnswersFrom
		if !sameDay(c.AnswersFrom, now) {
			c.Answers, c.AnswersFrom = 1, now.UTC()
		}
	case d.Once || grant.Identity == "":
		return nil
	}
	return s.store.RememberConsent(ctx, grant.ID, c)
}

// sameDay reports whether now is in the 24 hours from that time. With a clock that
// was set back it is not: the day begins anew.
func sameDay(from, now time.Time) bool {
	since := now.Sub(from)
	return since >= 0 && since < 24*time.Hour
}

// answer carries out the decision that is remembered, in one commit. It is looked up
// again in the transaction: the grant may have been revoked this very moment.
func (s *Server) answer(ctx context.Context, id string) (linkhandler.Launch, error) {
	var launch linkhandler.Launch
	err := s.store.Do(ctx, func(ctx context.Context) error {
		held, err := s.store.Interaction(id, time.Now())
		if err != nil {
			return undecidable(err)
		}
		client, _, request, refusal := s.reopen(ctx, held)
		if refusal != nil {
			return refusal
		}
		decision, refusal := s.remembered(ctx, client, request, held)
		if refusal != nil {
			return refusal
		}
		launch, err = s.approve(ctx, id, decision, nil)
		return err
	})
	return launch, err
}
