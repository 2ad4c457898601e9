package authz

import (
	"context"
	"reflect"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// A judged request is one that was held, read again, with the client as it is.
type judged struct {
	client  store.Client
	request *linkhandler.Request     // with the scopes that are granted
	parsed  *fosite.AuthorizeRequest // as fosite judged it; nil if it has not
}

// judge judges a held request before the transaction that decides about it, so that
// others need not wait for that. It returns nil if anything is wrong, which the
// transaction is to find out.
func (s *Server) judge(ctx context.Context, id string, d Decision) *judged {
	held, err := s.store.Interaction(id, time.Now())
	if err != nil {
		return nil
	}
	j, err := s.reread(ctx, held, d)
	if err != nil {
		return nil
	}
	if j.parsed, err = s.authorizeRequest(ctx, j.client, j.request); err != nil {
		return nil
	}
	return j
}

// reread reads a held request again, with the scopes that are granted.
func (s *Server) reread(ctx context.Context, held store.Interaction, d Decision) (*judged, error) {
	client, _, request, refusal := s.reopen(ctx, held)
	if refusal != nil {
		return nil, refusal
	}
	scopes, err := narrow(request.Scopes, d.Scopes)
	if err != nil {
		return nil, err
	}
	request.Scopes = scopes
	return &judged{client: client, request: request}, nil
}

// holds reports whether what was judged still is: the client is as it was, and the API
// apps are there.
func (s *Server) holds(ctx context.Context, j *judged) bool {
	if j == nil {
		return false
	}
	client, err := s.store.LiveClient(ctx, j.client.ID, time.Now())
	return err == nil && reflect.DeepEqual(client, j.client) && s.checkResources(ctx, j.request.Resources) == nil
}
