package authz

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// requestURIPrefix begins the reference of a pushed request (RFC 9126 section 2.2).
const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// maxPushed is how many pushed requests a client, called from one app, may have
// waiting: each is on the disk until it expires.
const maxPushed = 32

// pushed is the answer to a pushed request (RFC 9126 section 2.2).
type pushed struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// push serves the pushed authorization request endpoint (RFC 9126). The request
// is judged here as it will be when the link is launched, and bound to who calls:
// a link tells nobody who launched it, the system does say who pushed.
func (s *Server) push(r *http.Request, x *exchange) (any, error) {
	request, err := parsePushed(r.PostForm, x.client.ID)
	if err != nil {
		return nil, err
	}
	if _, _, refusal := s.matchClient(r.Context(), request); refusal != nil {
		return nil, refusal
	}
	if refusal := s.checkRequest(r.Context(), x.client, request); refusal != nil {
		return nil, refusal
	}
	proven, err := s.provenKey(r, pathPush)
	if err != nil {
		return nil, err
	}
	if request.DPoPKey, err = pushedKey(request.DPoPKey, proven); err != nil {
		return nil, err
	}
	uri := requestURIPrefix + randomToken()
	record := store.PushedRequest{
		Hash:       tokenHash(uri),
		ClientID:   x.client.ID,
		Identity:   x.caller.Identity,
		Parameters: request.Values(),
		ExpiresAt:  time.Now().Add(s.lifetimes.Interaction),
	}
	err = s.store.Do(r.Context(), func(ctx context.Context) error {
		if err := s.checkPushed(ctx, record); err != nil {
			return err
		}
		return s.store.PushedRequests.Put(ctx, record)
	})
	return pushed{uri, int64(s.lifetimes.Interaction.Seconds())}, err
}

// parsePushed reads the parameters of the request, without those that are about
// the client's authentication. A request_uri among them is refused (section 2.1).
func parsePushed(form url.Values, clientID string) (*linkhandler.Request, error) {
	parameters := maps.Clone(form)
	parameters.Del("client_secret")
	parameters.Set("client_id", clientID)
	if parameters.Has("request_uri") {
		return nil, refusef("invalid_request", "a pushed request cannot refer to another one")
	}
	request, err := linkhandler.ParseRequest(parameters)
	var wrong *linkhandler.LinkError
	if errors.As(err, &wrong) {
		return nil, &Error{Code: wrong.Code, Description: wrong.Parameter + " " + wrong.Reason, Cause: err}
	}
	return request, err
}

// checkPushed refuses a request too many.
func (s *Server) checkPushed(ctx context.Context, record store.PushedRequest) error {
	waiting, now := 0, time.Now()
	for other, err := range s.store.PushedRequests.All(ctx) {
		if err != nil {
			return err
		}
		if other.ClientID == record.ClientID && other.Identity == record.Identity && s.waits(other, now) {
			waiting++
		}
	}
	if waiting >= maxPushed {
		return &Error{Code: "temporarily_unavailable", Description: "too many requests are waiting for a decision", Cause: fmt.Errorf("client %q, app %q", record.ClientID, record.Identity)}
	}
	return nil
}

// waits reports whether a request counts as one that waits. One from the future would
// do so for years.
func (s *Server) waits(p store.PushedRequest, now time.Time) bool {
	return p.DecidedAt.IsZero() && now.Before(p.ExpiresAt) && !ahead(p.ExpiresAt.Add(-s.lifetimes.Interaction), now)
}

// beginPushed takes a link that refers to a pushed request. However often it is
// launched, there is one interaction, and one decision.
func (s *Server) beginPushed(ctx context.Context, link *linkhandler.Request) (Interaction, error) {
	now, hash := time.Now(), tokenHash(link.RequestURI)
	record, err := s.store.LivePushedRequest(ctx, hash, now)
	if err == nil && record.ClientID != link.ClientID {
		err = errPushedByAnother
	}
	if err != nil {
		return Interaction{}, s.refused(ctx, unusable(err))
	}
	if waiting, err := s.store.PushedInteraction(hash, now); err == nil {
		return s.Interaction(ctx, waiting.ID)
	}
	request, err := linkhandler.ParseRequest(record.Parameters)
	if err != nil {
		return Interaction{}, s.refused(ctx, asLinkError(err))
	}
	begun, err := s.begin(ctx, request, store.Interaction{Identity: record.Identity, PushedHash: hash})
	if waiting, again := s.store.PushedInteraction(hash, now); errors.Is(err, store.ErrExists) && again == nil {
		return s.Interaction(ctx, waiting.ID) // another launch of the link was quicker
	}
	return begun, err
}

// errPushedByAnother means that a link names another client than the one that pushed.
var errPushedByAnother = errors.New("pushed by another client")

// unusable maps what is wrong with a request_uri (RFC 9101 section 7).
func unusable(err error) *Error {
	switch {
	case errors.Is(err, store.ErrConsumed):
		return &Error{Code: "invalid_request_uri", Description: "this request was decided already", Cause: err}
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExpired), errors.Is(err, errPushedByAnother):
		return &Error{Code: "invalid_request_uri", Description: "this request is gone; start again from the app", Cause: err}
	}
	return asError(err, nil)
}
