package offlineauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/upstream"
	"github.com/offlineauth/offlineauth/store"
)

// ErrNoRecords means that the server keeps no learning records.
var ErrNoRecords = errors.New("offlineauth: this server keeps no learning records")

// forwarding is who forwards learning records, and where to.
type forwarding struct {
	mu      sync.Mutex
	to      map[string]*forwarder // by endpoint
	changed chan struct{}         // closed when the upstreams are others
}

type forwarder struct {
	*upstream.Forwarder
	store.Upstream
}

// AddUpstream forwards all learning records to another learning record store, which
// takes HTTP Basic, from now on. One that is there already gets the new credentials.
func (s *Server) AddUpstream(ctx context.Context, endpoint, username, password string) error {
	if s.records == nil {
		return ErrNoRecords
	}
	if err := upstream.CheckEndpoint(endpoint); err != nil {
		return err
	}
	record := store.Upstream{Endpoint: endpoint, Username: username, Password: password, CreatedAt: time.Now()}
	err := s.store.Do(ctx, func(ctx context.Context) error { return s.store.Upstreams.Put(ctx, record) })
	if err == nil {
		s.forwarding.change()
	}
	return err
}

// RemoveUpstream forwards nothing more to it, and forgets what it has got. An unknown
// one is a store.ErrNotFound.
func (s *Server) RemoveUpstream(ctx context.Context, endpoint string) error {
	if s.records == nil {
		return ErrNoRecords
	}
	err := s.store.Do(ctx, func(ctx context.Context) error {
		if _, err := s.store.Upstreams.Get(ctx, endpoint); err != nil {
			return err
		}
		return s.store.Upstreams.Delete(ctx, endpoint)
	})
	if err != nil {
		return err
	}
	s.forwarding.change()
	return s.records.Outbox(endpoint).Remove(ctx)
}

// An UpstreamStatus is how far forwarding to one upstream has come.
type UpstreamStatus struct {
	Endpoint string
	Username string
	xapi.OutboxStatus
}

// Upstreams returns where learning records are forwarded to, and how far that has come.
func (s *Server) Upstreams(ctx context.Context) ([]UpstreamStatus, error) {
	forwarders, err := s.forwarders(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]UpstreamStatus, 0, len(forwarders))
	for _, f := range forwarders {
		status, err := f.Status(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, UpstreamStatus{f.Endpoint, f.Username, status})
	}
	return all, nil
}

// ForwardNow forwards what waits, without regard to a pause, and returns when nothing
// waits any more. The error says what stopped it.
func (s *Server) ForwardNow(ctx context.Context) error {
	forwarders, err := s.forwarders(ctx)
	for _, f := range forwarders {
		if e := f.Now(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", f.Endpoint, e))
		}
	}
	return err
}

// RetryForwarding takes everything out of quarantine, to be sent once more, and
// returns how much that was. A document that somebody else has changed on the upstream
// is replaced by the one that is here, unless it was changed there again.
func (s *Server) RetryForwarding(ctx context.Context) (n int, err error) {
	forwarders, err := s.forwarders(ctx)
	for _, f := range forwarders {
		again, e := f.Retry(ctx)
		n, err = n+again, errors.Join(err, e)
	}
	return n, err
}

// Forward forwards learning records in the background until ctx ends, to whichever
// upstreams there are. A server that does not keep any waits as well.
func (s *Server) Forward(ctx context.Context) error {
	for {
		changed := s.forwarding.signal()
		forwarders, err := s.forwarders(ctx)
		if ctx.Err() != nil { // it ended while the upstreams were read: no failure
			return nil
		}
		if err != nil && !errors.Is(err, ErrNoRecords) {
			return err
		}
		s.forwardUntil(ctx, changed, forwarders)
	}
}

func (s *Server) forwardUntil(ctx context.Context, changed <-chan struct{}, forwarders []*forwarder) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for _, f := range forwarders {
		running.Go(func() { f.Run(ctx) })
	}
	select {
	case <-changed:
	case <-ctx.Done():
	}
}

// forwarders are those of the upstreams there are. There is one for each, so that
// nothing is sent by two at once.
func (s *Server) forwarders(ctx context.Context) ([]*forwarder, error) {
	if s.records == nil {
		return nil, ErrNoRecords
	}
	upstreams, err := s.store.Upstreams.List(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*forwarder, 0, len(upstreams))
	for _, u := range upstreams {
		f, err := s.forwarder(u)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (s *Server) forwarder(u store.Upstream) (*forwarder, error) {
	s.forwarding.mu.Lock()
	defer s.forwarding.mu.Unlock()
	if f := s.forwarding.to[u.Endpoint]; f != nil && f.Username == u.Username && f.Password == u.Password {
		return f, nil
	}
	f, err := upstream.New(s.records.Outbox(u.Endpoint), upstream.Config{
		Endpoint:      u.Endpoint,
		Authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username+":"+u.Password)),
		Logger:        s.log,
	})
	if err != nil {
		return nil, err
	}
	if s.forwarding.to == nil {
		s.forwarding.to = make(map[string]*forwarder)
	}
	s.forwarding.to[u.Endpoint] = &forwarder{f, u}
	return s.forwarding.to[u.Endpoint], nil
}

// signal is closed when the upstreams are others than now.
func (f *forwarding) signal() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

func (f *forwarding) change() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}
