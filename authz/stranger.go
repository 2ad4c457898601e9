package authz

import (
	"context"
	"errors"

	"github.com/offlineauth/offlineauth/store"
)

// errNotYours means that what a caller shows belongs to another client or app.
var errNotYours = errors.New("issued to another client or app")

// A strangerError refuses a caller who shows what is somebody else's. The caller is
// told what any stranger is told; the person, whose it is, finds it in the audit trail.
type strangerError struct {
	owner store.Authorization // as much as is known of it
	why   error
}

func (e *strangerError) Error() string { return e.why.Error() }
func (e *strangerError) Unwrap() error { return e.why }

// maxWitnessed is how many refusals of one app, or of all that the system does not
// know, a day of the audit trail keeps: a stranger must not push out what it tells.
const maxWitnessed = 20

// witness puts the refusal of a stranger into the audit trail, in a commit of its own.
func (s *Server) witness(ctx context.Context, refusal error) {
	var stranger *strangerError
	if !errors.As(refusal, &stranger) {
		return
	}
	identity := callerFrom(ctx).Identity
	err := s.store.Do(ctx, func(ctx context.Context) error {
		seen, err := s.recently(ctx, func(e store.Event) bool { return e.Kind == eventRefused && e.Identity == identity })
		if err != nil || seen >= maxWitnessed {
			return err
		}
		return s.record(ctx, eventRefused, stranger.owner, stranger.Error())
	})
	if err != nil {
		s.log.WarnContext(ctx, "a refusal is not in the audit trail", "cause", err)
	}
}

// Witness puts into the audit trail that the caller of ctx, who is not the app it is
// bound to, has shown the token. A guard calls it; it has refused the request.
func (s *Server) Witness(ctx context.Context, t Token) {
	owner := store.Authorization{AccountID: t.Subject, ClientID: t.ClientID}
	s.witness(ctx, &strangerError{owner, errNotYours})
}
