package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/resource/xapi"
)

// nowTimeout is how long one request forwards: less than a caller waits for an
// answer. Whoever asked asks again while something waits.
const nowTimeout = 25 * time.Second

// An Upstream is a learning record store that records are forwarded to.
type Upstream struct {
	Endpoint string `json:"endpoint"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"` // in the request to add it alone
	xapi.OutboxStatus
}

// A Forwarded is how an attempt to forward went.
type Forwarded struct {
	Error     string     `json:"error,omitempty"` // what stopped it
	Upstreams []Upstream `json:"upstreams"`
}

// A Retried is how much was taken out of quarantine.
type Retried struct {
	Records int `json:"records"`
}

// upstreams are where learning records are forwarded to.
type upstreams struct{ server *offlineauth.Server }

func (u upstreams) list(r *http.Request) (any, error) {
	all, err := u.server.Upstreams(r.Context())
	return convert(all, newUpstream), err
}

func newUpstream(u offlineauth.UpstreamStatus) Upstream {
	return Upstream{Endpoint: u.Endpoint, Username: u.Username, OutboxStatus: u.OutboxStatus}
}

func (u upstreams) add(r *http.Request) (any, error) {
	asked, err := decode[Upstream](r)
	if err != nil {
		return nil, err
	}
	return struct{}{}, u.server.AddUpstream(r.Context(), asked.Endpoint, asked.Username, asked.Password)
}

func (u upstreams) remove(r *http.Request) (any, error) {
	return struct{}{}, u.server.RemoveUpstream(r.Context(), r.URL.Query().Get("endpoint"))
}

func (u upstreams) now(r *http.Request) (any, error) {
	ctx, cancel := context.WithTimeout(r.Context(), nowTimeout)
	defer cancel()
	var forwarded Forwarded
	if err := u.server.ForwardNow(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		forwarded.Error = err.Error()
	}
	all, err := u.server.Upstreams(r.Context())
	forwarded.Upstreams = convert(all, newUpstream)
	return forwarded, err
}

func (u upstreams) retry(r *http.Request) (any, error) {
	n, err := u.server.RetryForwarding(r.Context())
	return Retried{n}, err
}
