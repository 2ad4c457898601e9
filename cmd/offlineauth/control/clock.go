package control

import (
	"net/http"
	"time"

	"github.com/offlineauth/offlineauth"
)

// A Clock is what the directory remembers of the device's clock.
type Clock struct {
	Swept  time.Time `json:"swept,omitzero"`  // when expired records were removed last, give or take a day
	Jumped time.Time `json:"jumped,omitzero"` // since when the clock has not been believed
	Newest time.Time `json:"newest,omitzero"` // the newest entry of the audit trail
}

// clock is what doctor reports and mends.
type clock struct{ server *offlineauth.Server }

func (c clock) read(r *http.Request) (any, error) {
	remembered, err := c.server.Clock(r.Context())
	if err != nil {
		return nil, err
	}
	events, err := c.server.Activity(r.Context(), 1)
	answer := Clock{Swept: remembered.Swept, Jumped: remembered.Jumped}
	if len(events) > 0 {
		answer.Newest = events[0].Time
	}
	return answer, err
}

func (c clock) trust(r *http.Request) (any, error) {
	return struct{}{}, c.server.TrustClock(r.Context())
}
