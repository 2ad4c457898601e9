package authz

import (
	"context"
	"net/http"
)

// revoke serves the revocation endpoint (RFC 7009). Either token of a login
// ends its authorization, and with it every token of that login, at once; so does
// a refresh token that has been rotated, for that is all a client may have kept.
// A token that is unknown or over is a success (section 2.2).
func (s *Server) revoke(r *http.Request, x *exchange) (any, error) {
	if r.PostForm.Get("token") == "" {
		return nil, refusef("invalid_request", "the parameter token is missing")
	}
	x.revoking = true
	err := s.store.Do(r.Context(), func(ctx context.Context) error {
		return s.provider.NewRevocationRequest(ctx, r.WithContext(ctx))
	})
	s.witness(r.Context(), x.cause) // a stranger's attempt is a success, and does nothing
	return nil, err
}
