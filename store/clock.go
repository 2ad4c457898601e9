package store

import (
	"context"
	"strconv"
	"time"
)

// A clock that is wrong once must not remove what lives. A sweep believes it if
// it is near the last sweep, or has stayed for a day where it jumped to. The
// same holds for a jump back, which removes nothing by itself: a first sweep at
// a wrong time in the future must not make that the time to compare with.
const (
	day     = 24 * time.Hour
	maxStep = 365 * day // between a sweep and the next
)

// Keys in the meta bucket, of times in Unix seconds.
const (
	sweptMark  = "swept"  // the last sweep that believed the clock, give or take a day
	jumpedMark = "jumped" // the first sweep that did not, since then
)

// A Clock is what the store remembers of the device's clock.
type Clock struct {
	Swept  time.Time // the last sweep that believed the clock, give or take a day; zero if none
	Jumped time.Time // the first sweep since then that did not; zero if none
}

// Clock returns what the store remembers of the device's clock.
func (s *Store) Clock(ctx context.Context) (c Clock, err error) {
	if err := ctx.Err(); err != nil {
		return c, err
	}
	err = s.engine.View(func(r Reader) error {
		c = Clock{Swept: mark(r, sweptMark), Jumped: mark(r, jumpedMark)}
		return nil
	})
	return c, err
}

// TrustClock is the person's word that the clock is right now: the next sweep goes by
// it, and what has expired by it is removed.
func (s *Store) TrustClock(ctx context.Context, now time.Time) error {
	return s.Do(ctx, func(ctx context.Context) error {
		o := s.writer(ctx)
		setMark(o, sweptMark, now)
		o.delete(metaBucket, []byte(jumpedMark))
		return nil
	})
}

// believe tells whether a sweep may go by now, and remembers in its transaction
// what the next one has to know. An idle store commits that once a day.
func (s *Store) believe(ctx context.Context, now time.Time) bool {
	now = now.UTC().Truncate(time.Second) // as marks are
	o := s.writer(ctx)
	swept, jumped := mark(o, sweptMark), mark(o, jumpedMark)
	if swept.IsZero() || distance(swept, now) <= maxStep || settled(jumped, now) {
		if swept.IsZero() || distance(swept, now) > day {
			setMark(o, sweptMark, now)
		}
		o.delete(metaBucket, []byte(jumpedMark))
		return true
	}
	if jumped.IsZero() || now.Before(jumped) || distance(jumped, now) > maxStep {
		setMark(o, jumpedMark, now)
		tx := mustTransaction(ctx)
		tx.after = append(tx.after, func() {
			s.log.Warn("the clock jumped; nothing is removed until it has stayed there for a day", "from", swept, "to", now)
		})
	}
	return false
}

// settled tells whether the clock has stayed for a day where it jumped to.
func settled(jumped, now time.Time) bool {
	return !jumped.IsZero() && !now.Before(jumped.Add(day)) && distance(jumped, now) <= maxStep
}

func distance(a, b time.Time) time.Duration { return b.Sub(a).Abs() }

// mark returns the time under the key. One that is missing or cannot be read is
// zero, and the next sweep writes it anew.
func mark(r Reader, key string) time.Time {
	seconds, err := strconv.ParseInt(string(r.Get(metaBucket, []byte(key))), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func setMark(o *overlay, key string, at time.Time) {
	o.put(metaBucket, []byte(key), strconv.AppendInt(nil, at.Unix(), 10))
}
