package store

import (
	"cmp"
	"crypto/rand"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
)

// What is worth keeping, but not worth a commit of its own, is held in memory
// until a commit goes anyway, and rides with that one, or with that of Close.
// When the process is killed before, it is lost.

const (
	// usedStep is how much newer a time of use has to be to be written.
	usedStep = time.Minute
	// maxRiders is how many records may ride with one commit, so that its
	// owners do not wait for others' records.
	maxRiders = 32
)

// uses are the times at which grants were last used, until they are written.
type uses struct {
	mu     sync.Mutex
	latest map[string]time.Time // by grant
}

// UseGrant notes that the grant is used, without a commit: the time is
// written with a later one. It may be called inside [Store.Do] and outside.
func (s *Store) UseGrant(id string, now time.Time) {
	s.uses.mu.Lock()
	defer s.uses.mu.Unlock()
	if s.uses.latest == nil {
		s.uses.latest = make(map[string]time.Time)
	}
	s.uses.latest[id] = now
}

// LastUsed returns when the grant was last used, also if that is not written
// yet; zero if it never was.
func (s *Store) LastUsed(g Grant) time.Time {
	s.uses.mu.Lock()
	defer s.uses.mu.Unlock()
	if at, ok := s.uses.latest[g.ID]; ok {
		return at
	}
	return g.LastUsedAt
}

// some returns up to n of the uses that wait.
func (u *uses) some(n int) map[string]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	chosen := make(map[string]time.Time, min(n, len(u.latest)))
	for id, at := range u.latest {
		if len(chosen) == n {
			break
		}
		chosen[id] = at
	}
	return chosen
}

// written forgets what need not be written any more, but for what was used
// again meanwhile.
func (u *uses) written(done map[string]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, at := range done {
		if u.latest[id].Equal(at) {
			delete(u.latest, id)
		}
	}
}

// ride adds what waits to the overlay of a commit that changes these buckets, up
// to n records of a kind, and returns what to call when they are durable.
func (s *Store) ride(o *overlay, changed map[string]bool, n int) (durable func(), err error) {
	used, waiting := s.uses.some(n), s.interactions.some(n)
	for id, at := range used {
		if err := s.writeUse(o, id, at); err != nil {
			return nil, err
		}
	}
	for _, i := range waiting {
		if err := s.undecided.put(o, &i); err != nil {
			return nil, err
		}
	}
	s.writeMarks(o, changed)
	return func() {
		s.uses.written(used)
		s.interactions.written(waiting)
		s.marked.Store(true)
	}, nil
}

// writeMarks says that the store is open, and whether a backup is out of date.
func (s *Store) writeMarks(o *overlay, changed map[string]bool) {
	if !s.marked.Load() {
		o.put(metaBucket, []byte(openMark), []byte(cmp.Or(boltfile.BootID(), "unknown")))
	}
	for bucket := range changed {
		if t := s.byBucket[bucket]; t != nil && t.lasting {
			o.put(metaBucket, []byte(changesMark), []byte(rand.Text()))
			return
		}
	}
}

func (s *Store) writeUse(o *overlay, id string, at time.Time) error {
	g, err := s.Grants.load(o, []byte(id))
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case distance(g.LastUsedAt, at) < usedStep:
		return nil
	}
	g.LastUsedAt = at.UTC().Truncate(time.Second)
	return s.Grants.put(o, g)
}

// rideOut writes all that waits when the store is closed, and that it was.
func (s *Store) rideOut() error {
	if len(s.uses.some(1)) == 0 && len(s.interactions.some(1)) == 0 && !s.marked.Load() {
		return nil
	}
	return s.engine.Update(func(tx Tx) error {
		o := newOverlay(tx)
		if _, err := s.ride(o, nil, math.MaxInt); err != nil {
			return err
		}
		o.delete(metaBucket, []byte(openMark))
		return o.apply(tx, make(map[string]bool))
	})
}
