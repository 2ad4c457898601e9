package control

import (
	"net/http"
	"strconv"

	"github.com/offlineauth/offlineauth"
)

// activity is the audit trail.
type activity struct{ server *offlineauth.Server }

func (a activity) list(r *http.Request) (any, error) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		return nil, malformed("limit is not a number of events")
	}
	events, err := a.server.Activity(r.Context(), limit)
	return convert(events, newEvent), err
}
