package offlineauth

import (
	"context"
	"time"
)

// Expired records are removed at the start and then now and again, a batch at a
// time, so that nobody waits long behind a sweep.
const (
	sweepInterval = 15 * time.Minute
	sweepBatch    = 500
)

func (s *Server) startSweeping() {
	ctx, stop := context.WithCancel(context.Background())
	s.stopSweeping = stop
	s.sweeping.Go(func() {
		ticker := time.NewTicker(sweepInterval)
		defer ticker.Stop()
		for s.sweep(ctx) && s.maintain(ctx) && s.keepSafe(ctx) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// maintain rotates the signing key when it is due, and reports whether to go on.
func (s *Server) maintain(ctx context.Context) bool {
	if err := s.auth.Maintain(ctx); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "keys not maintained", "cause", err)
	}
	return ctx.Err() == nil
}

// sweep removes what has expired and reports whether to go on sweeping.
func (s *Server) sweep(ctx context.Context) bool {
	for ctx.Err() == nil {
		removed, err := s.store.Sweep(ctx, time.Now(), sweepBatch)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			s.log.WarnContext(ctx, "sweep failed", "cause", err)
			return true
		}
		if removed < sweepBatch {
			return true
		}
	}
	return false
}
