package storetest

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

const (
	day  = 24 * time.Hour
	year = 365 * day // the longest step between two sweeps
)

// future is a wrong time.
var future = now.Add(5 * year)

// swept returns a store that was swept just now, with 3 codes that live for an
// hour.
func swept(t *testing.T, e store.Engine) *store.Store {
	t.Helper()
	s := on(t, e)
	sweep(t, s, now, 0, 0)
	expiring(t, s, 1, 3, now.Add(time.Hour))
	return s
}

func sweepFirst(t *testing.T, e store.Engine) {
	s := on(t, e)
	expiring(t, s, 1, 3, now)
	sweep(t, s, future, 0, 3) // nothing to compare with

	// If that was wrong, the right time is believed after a day of it.
	expiring(t, s, 1, 3, now)
	sweep(t, s, now.Add(time.Minute), 0, 0)
	sweep(t, s, now.Add(day+time.Minute), 0, 3)
}

// sweepIdle sweeps four times an hour for ten days when nothing expires.
func sweepIdle(t *testing.T, e store.Engine) {
	s := on(t, e)
	before := s.Commits()
	for at := now; at.Before(now.Add(10 * day)); at = at.Add(15 * time.Minute) {
		sweep(t, s, at, 0, 0)
	}
	if n := s.Commits() - before; n < 1 || n > 10 {
		t.Fatalf("%d commits in ten days", n)
	}
}

// sweepJumpAndTrusted jumps, and the person says that the clock is right now.
func sweepJumpAndTrusted(t *testing.T, e store.Engine) {
	s := swept(t, e)
	sweep(t, s, future, 0, 0)
	c, err := s.Clock(t.Context())
	if want(t, err, nil); !c.Swept.Equal(now.Truncate(time.Second)) || !c.Jumped.Equal(future.Truncate(time.Second)) {
		t.Errorf("the store remembers %+v", c)
	}
	want(t, s.TrustClock(t.Context(), future), nil)
	sweep(t, s, future, 0, 3)
	c, err = s.Clock(t.Context())
	if want(t, err, nil); !c.Swept.Equal(future.Truncate(time.Second)) || !c.Jumped.IsZero() {
		t.Errorf("afterwards it remembers %+v", c)
	}
}

func sweepJumpAndBack(t *testing.T, e store.Engine) {
	s := swept(t, e)
	want(t, s.PutInteraction(interaction("i")), nil)
	sweep(t, s, future, 0, 0)
	before := s.Commits()
	sweep(t, s, future.Add(day-time.Second), 0, 0)
	if n := s.Commits() - before; n != 0 {
		t.Errorf("%d commits while nothing is swept", n)
	}
	sweep(t, s, now.Add(time.Second), 0, 0)
	if waiting, err := s.PushedRequests.List(t.Context()); err != nil || len(waiting) != 3 {
		t.Fatalf("%d requests were left (%v)", len(waiting), err)
	}
	_, err := s.Interaction("i", now)
	want(t, err, nil)

	sweep(t, s, future.Add(day), 0, 0)      // the jump was forgotten: this is another
	sweep(t, s, now.Add(2*time.Hour), 0, 4) // and the interaction, which rode with a commit
}

func sweepJumpStays(t *testing.T, e store.Engine) {
	for name, c := range map[string]struct {
		stays time.Duration
		swept int
	}{
		"not a day":      {day - time.Second, 0},
		"a day":          {day, 3},
		"a year":         {year, 3},
		"more than that": {year + time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := swept(t, new(Memory))
			sweep(t, s, future, 0, 0)
			sweep(t, s, future.Add(c.stays), 0, c.swept)
		})
	}
	// It is the time to compare with from then on, also in another process.
	e = keepOpen{e}
	s := swept(t, e)
	sweep(t, s, future, 0, 0)
	s, err := store.New(e, fixedKeys(7), slog.New(slog.DiscardHandler))
	want(t, err, nil)
	defer s.Close()
	sweep(t, s, future.Add(day), 1, 1)
	sweep(t, s, future.Add(day), 0, 2)
	expiring(t, s, 1, 3, future)
	sweep(t, s, future.Add(year), 0, 3)
}

func sweepTwoJumps(t *testing.T, e store.Engine) {
	s := swept(t, e)
	further := future.Add(2 * year)
	sweep(t, s, future, 0, 0)
	sweep(t, s, further, 0, 0)
	sweep(t, s, future.Add(2*day), 0, 0) // a third one
	sweep(t, s, future.Add(3*day-time.Second), 0, 0)
	sweep(t, s, further.Add(2*day), 0, 0)
	sweep(t, s, further.Add(3*day), 0, 3)

	// The second may be the smaller one.
	s = swept(t, new(Memory))
	sweep(t, s, future, 0, 0)
	sweep(t, s, future.Add(-30*day), 0, 0)
	sweep(t, s, future.Add(-29*day), 0, 3)
}

// sweepJumpBackwards starts now and then at the beginning of 1970, as devices
// do whose battery was empty. That does not become the time to compare with.
func sweepJumpBackwards(t *testing.T, e store.Engine) {
	s := swept(t, e)
	sweep(t, s, time.Unix(0, 0), 0, 0)
	sweep(t, s, now.Add(time.Minute), 0, 0)
	sweep(t, s, time.Unix(0, 0), 0, 0)
	sweep(t, s, now.Add(2*time.Hour), 0, 3)
	sweep(t, s, now.Add(-year/2), 0, 0) // less is believed at once
	expiring(t, s, 1, 3, now)
	sweep(t, s, now.Add(year*3/4), 0, 0) // and is what this is compared with
}

func sweepJumpWarns(t *testing.T, e store.Engine) {
	var log bytes.Buffer
	s, err := store.New(e, fixedKeys(7), slog.New(slog.NewTextHandler(&log, nil)))
	want(t, err, nil)
	defer s.Close()
	sweep(t, s, now, 0, 0)
	sweep(t, s, now.Add(year), 0, 0)
	if log.Len() > 0 {
		t.Fatalf("no jump: %s", &log)
	}
	sweep(t, s, future.Add(year), 0, 0)
	sweep(t, s, future.Add(year+time.Hour), 0, 0)
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") ||
		!strings.Contains(got, "from=2031-05-06") || !strings.Contains(got, "to=2036-05-0") {
		t.Fatalf("logged %q", got)
	}
}
