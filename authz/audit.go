package authz

import (
	"context"
	"log/slog"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

// Kinds of events in the audit trail.
const (
	eventApproved      = "approved"
	eventDenied        = "denied"
	eventLogin         = "login"
	eventEnded         = "ended"
	eventRevoked       = "revoked"
	eventClientAdded   = "client added"
	eventClientRemoved = "client removed"
	eventRefused       = "refused" // a caller who showed what is another's
	eventKeyRotated    = "signing key rotated"
	eventAppRegistered = "app registered" // by itself
	eventAppChanged    = "app changed its registration"
	eventAccountAdded  = "account added"
	eventAccountGone   = "account removed"
	eventSecretSet     = "secret set"
	eventSecretGone    = "secret removed"
	eventGuessing      = "wrong secrets"
	eventLaunched      = "launched"
	eventLaunchUsed    = "launch used"
)

// record writes to the audit trail, in the transaction of what it tells: what
// happened to whose login, and who is calling, as the context says.
func (s *Server) record(ctx context.Context, kind string, login store.Authorization, detail string) error {
	by := callerFrom(ctx)
	return s.store.Events.Append(ctx, store.Event{
		Time:       time.Now(),
		Kind:       kind,
		AccountID:  login.AccountID,
		ClientID:   login.ClientID,
		Identity:   by.Identity,
		UID:        by.UID,
		PID:        by.PID,
		Executable: by.Executable,
		Detail:     detail,
	})
}

// newestEvents is how far back recently looks.
const newestEvents = 200

// recently counts the matching events of the last 24 hours among the newest. What a
// caller can have recorded is bounded by it: also by a caller that waits until the
// process has ended, which a counter in memory would not survive.
func (s *Server) recently(ctx context.Context, match func(store.Event) bool) (int, error) {
	events, err := s.store.Events.Newest(ctx, 0, newestEvents)
	n, now := 0, time.Now()
	for _, e := range events {
		if sameDay(e.Time, now) && match(e) {
			n++
		}
	}
	return n, err
}

// callerFrom returns who is calling, or a stranger.
func callerFrom(ctx context.Context) ipcapi.Caller {
	caller, known := ipcapi.CallerFrom(ctx)
	if !known {
		return ipcapi.Caller{UID: -1, PID: -1}
	}
	return caller
}

// refused logs a refusal with its cause and returns it.
func (s *Server) refused(ctx context.Context, e *Error, with ...any) *Error {
	level := slog.LevelInfo
	if e.Code == "server_error" {
		level = slog.LevelError
	}
	s.log.Log(ctx, level, "refused", append([]any{"error", e.Code, "description", e.Description, "cause", e.Cause, "caller", callerFrom(ctx)}, with...)...)
	return e
}
