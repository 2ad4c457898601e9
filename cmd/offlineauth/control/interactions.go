package control

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/store"
)

// interactions are the requests that wait for the person's decision.
type interactions struct{ server *offlineauth.Server }

func (i interactions) begin(r *http.Request) (any, error) {
	launched, err := decode[link](r)
	if err != nil {
		return nil, err
	}
	request, err := i.server.Begin(r.Context(), launched.Link)
	if err != nil || request.Launch == nil {
		return Request{Consent: request.Consent}, err
	}
	return Request{Redirect: &Redirect{URI: request.Launch.URI, App: request.Launch.App}}, nil
}

func (i interactions) decide(r *http.Request) (any, error) {
	d, err := decode[Decision](r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(methods, d.Method) {
		return nil, &Error{Status: http.StatusBadRequest, Code: "invalid_request", Description: "that is no way to decide"}
	}
	d.AuthTime, d.ACR = time.Time{}, "" // a PIN is proved here, by itself
	if d.Method == "flag" {
		d.Once = true // a program may have pressed the button
	}
	id := r.PathValue("id")
	launch, err := i.server.Resolve(r.Context(), id, d.Decision, d.Method)
	if err != nil {
		refusal := asError(err)
		if i.gone(r.Context(), id) {
			refusal.Status = http.StatusGone
		}
		return nil, refusal
	}
	return Redirect{URI: launch.URI, App: launch.App}, nil
}

// methods are the ways to decide that the audit trail knows.
var methods = []string{"flag", "terminal", "no terminal", "failed"}

// gone tells a request that is not known from others that something of is not.
func (i interactions) gone(ctx context.Context, id string) bool {
	_, err := i.server.Consent(ctx, id)
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExpired)
}
