package xapi

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// A job runs when no commit does.
type job struct {
	fn   func() error
	done chan error
}

// alone calls fn while nothing is committed. Changes wait.
func (c *committer) alone(ctx context.Context, fn func() error) error {
	j := &job{fn, make(chan error, 1)}
	select {
	case c.jobs <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ended:
		return ErrClosed
	}
}

// Compact gives the space that nothing is in back to the file system. It writes a new
// file and puts it in the old one's place, so it needs the space of everything once more,
// and a crash leaves the one or the other. Who wants to write waits, who reads does not.
// When ctx ends before, nothing has changed.
func (s *Store) Compact(ctx context.Context, progress Progress) error {
	s.care.Lock()
	defer s.care.Unlock()
	t, err := s.tally(ctx, progress)
	if err != nil {
		return err
	}
	err = s.commit.alone(ctx, func() error { return s.rebuild(s.copying(ctx, t.one)) })
	if err != nil {
		return fmt.Errorf("xapi: compact: %w", err)
	}
	t.end()
	return nil
}

// A rebuilding says what a new file has of the old one.
type rebuilding struct {
	vault    *vault // of the new one
	fill     func(*boltfile.Filler) error
	complete func(*bbolt.Tx) error
}

// copying is a rebuilding that changes nothing.
func (s *Store) copying(ctx context.Context, each func()) rebuilding {
	return rebuilding{s.vault, func(to *boltfile.Filler) error {
		all := func(string) bool { return true }
		return recordsOf(s.commit.db)(all, func(bucket string, k, v []byte) error {
			each()
			return errors.Join(ctx.Err(), to.Put(bucket, k, v))
		})
	}, makeBuckets}
}

// rebuild runs in the committer's loop.
func (s *Store) rebuild(r rebuilding) error {
	old := s.commit.db
	next, err := boltfile.Build(s.path+boltfile.NewSuffix, r.fill)
	if err != nil {
		return err
	}
	next.AllocSize = growBy
	if err := next.Update(r.complete); err != nil {
		return discard(next, err)
	}
	// It is locked before it has the name that others open.
	if err := boltfile.Replace(s.path); err != nil {
		return errors.Join(err, next.Close())
	}
	s.mu.Lock() // after those who read
	s.db, s.commit.db = next, next
	s.vault, s.commit.vault = r.vault, r.vault
	s.mu.Unlock()
	return old.Close()
}

// Usage is how large the file is, in bytes.
type Usage struct {
	Size int64
	Free int64 // of Size: used before, and to be used again
}

// Usage returns how large the file is.
func (s *Store) Usage() (u Usage) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	stats := s.db.Stats()
	err := s.db.View(func(tx *bbolt.Tx) error {
		u = Usage{tx.Size(), int64(stats.FreePageN+stats.PendingPageN) * int64(s.db.Info().PageSize)}
		return nil
	})
	if err != nil {
		return Usage{}
	}
	return u
}
