package offlineauth

import (
	"context"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// Clock returns what the store remembers of the device's clock. While it has jumped
// nothing is removed that has expired.
func (s *Server) Clock(ctx context.Context) (store.Clock, error) { return s.store.Clock(ctx) }

// TrustClock is the person's word that the clock is right now, and what has expired by
// it may be removed. Without it a clock is believed again when it has stayed for a day.
func (s *Server) TrustClock(ctx context.Context) error { return s.store.TrustClock(ctx, time.Now()) }
