package store

import (
	"bytes"
	"context"
	"time"
)

// sweepBatch is how many records one transaction of a sweep deletes, so that
// others are not held up.
const sweepBatch = 256

// Sweep deletes up to limit records whose time is over (0: all of them), in
// small transactions, and returns how many it has deleted. Its cost depends on
// what has expired, not on what lives. It is not to be called inside Do.
//
// A clock that is wrong for a while removes nothing: if now is more than 365
// days from the last sweep, before or after, Sweep deletes nothing and logs a
// warning. It goes on when now is near that sweep again, or when it has stayed
// where it jumped to: at least 24 hours and at most 365 days after the first
// sweep there. The first sweep of a store believes any now.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (removed int, err error) {
	for limit <= 0 || removed < limit {
		n := sweepBatch
		if limit > 0 {
			n = min(n, limit-removed)
		}
		done, err := s.sweepSome(ctx, now, n)
		removed += done
		if err != nil || done < n {
			return removed, err
		}
	}
	return removed, nil
}

func (s *Store) sweepSome(ctx context.Context, now time.Time, limit int) (int, error) {
	var entries [][]byte
	err := s.Do(ctx, func(ctx context.Context) error {
		if !s.believe(ctx, now) {
			return nil
		}
		tx, o := mustTransaction(ctx), s.writer(ctx)
		tx.after = append(tx.after, func() { s.interactions.sweep(now) })
		for entry := range o.Scan(expiryBucket, Range{To: expirySecond(now.Add(time.Second))}) {
			if len(entries) == limit {
				break
			}
			entries = append(entries, bytes.Clone(entry))
		}
		for _, entry := range entries {
			if bucket, key, ok := expiryTarget(entry); ok && s.byBucket[bucket] != nil {
				s.byBucket[bucket].remove(o, key)
			}
			o.delete(expiryBucket, entry)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(entries), nil
}
