package offlineauth

import (
	"context"
	"errors"
	"slices"
)

// KnownIdentity returns which identity of an app this server knows it by, if the
// system names several: the app was signed by another certificate before. It is the
// first with which a client is registered, else the first that somebody has granted
// something to, else the first of all.
func (s *Server) KnownIdentity(ctx context.Context, identities []string) string {
	var known []string
	clients, err := s.Clients(ctx)
	for _, c := range clients {
		known = append(known, c.Identities...)
	}
	grants, failed := s.Grants(ctx)
	for _, g := range grants {
		known = append(known, g.Identity)
	}
	if err = errors.Join(err, failed); err != nil {
		s.log.WarnContext(ctx, "an app with several certificates may be taken for a new one", "cause", err)
	}
	at := slices.IndexFunc(known, func(k string) bool { return slices.Contains(identities, k) })
	if at < 0 {
		return identities[0]
	}
	return known[at]
}
