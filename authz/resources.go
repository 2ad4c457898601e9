package authz

import (
	"context"
	"slices"
	"time"

	"github.com/ory/fosite"
)

// checkResources refuses a resource indicator (RFC 8707) that names neither the
// issuer nor an API app: a token must not be made for an audience nobody knows.
func (s *Server) checkResources(ctx context.Context, asked []string) *Error {
	if len(asked) == 0 {
		return nil
	}
	known := []string{s.issuer}
	clients, err := s.store.Clients.List(ctx)
	if err != nil {
		return asError(err, nil)
	}
	for _, c := range clients {
		known = append(known, c.Resources...)
	}
	for _, resource := range asked {
		if !slices.Contains(known, resource) {
			return refusef("invalid_target", "the resource %.100q is unknown", resource)
		}
	}
	return nil
}

// boundLifetime ends an access token as early as the API apps want it that it is
// for. The rest of the login lives on.
func (s *Server) boundLifetime(ctx context.Context, x *exchange, sess fosite.Session) error {
	audience := s.audience(x.authorization.Resources, x.resources)
	if slices.Equal(audience, []string{s.issuer}) {
		return nil
	}
	clients, err := s.store.Clients.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range clients {
		isFor := slices.ContainsFunc(c.Resources, func(uri string) bool { return slices.Contains(audience, uri) })
		if isFor && c.TokenLifetime > 0 {
			sess.SetExpiresAt(fosite.AccessToken, earlier(time.Now().Add(c.TokenLifetime), sess.GetExpiresAt(fosite.AccessToken)))
		}
	}
	return nil
}
