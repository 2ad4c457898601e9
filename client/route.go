package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// A plan says for each origin which accepted addresses lead there. None means the
// network.
type plan map[string]ipcapi.Service

func (p plan) equal(q plan) bool { return maps.EqualFunc(p, q, slices.Equal) }

// plan has the services verified: the issuer's, from an ipc-service value, and
// those that a Resolver knows for the resources.
func (c *Client) plan(ctx context.Context, value string) (plan, error) {
	issuers, err := c.verifyValue(ctx, value)
	if err != nil {
		return nil, err
	}
	p := plan{c.origin: issuers}
	resolver, ok := c.cfg.Services.(Resolver)
	if !ok {
		return p, nil
	}
	for _, origin := range c.others {
		service, err := resolver.Resolve(ctx, origin)
		if err != nil {
			return nil, fmt.Errorf("service of %s: %w", origin, err)
		}
		if len(service) == 0 {
			continue
		}
		if p[origin], err = c.verify(ctx, origin, service); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (c *Client) verifyValue(ctx context.Context, value string) (ipcapi.Service, error) {
	if value == "" {
		return nil, nil
	}
	service, err := ipcapi.ParseService(value)
	if err != nil {
		return nil, &UnverifiedServiceError{Issuer: c.cfg.Issuer, Value: value, Err: err}
	}
	return c.verify(ctx, c.cfg.Issuer, service)
}

func (c *Client) verify(ctx context.Context, issuer string, service ipcapi.Service) (accepted ipcapi.Service, err error) {
	err = errors.New("Config.Services is not set")
	if c.cfg.Services != nil {
		accepted, err = c.cfg.Services.Verify(ctx, issuer, service)
	}
	if err == nil && len(accepted) == 0 {
		err = errors.New("no address was accepted")
	}
	if err != nil {
		c.log.WarnContext(ctx, "service refused", "issuer", issuer, "service", service.String(), "error", err)
		return nil, &UnverifiedServiceError{Issuer: issuer, Value: service.String(), Service: service, Err: err}
	}
	return accepted, nil
}

// A route is the way to one origin.
type route struct {
	endpoints http.RoundTripper // for the small exchanges with the authorization server
	apis      http.RoundTripper // for everything else
}

func (c *Client) connect(p plan) (map[string]route, error) {
	routes := make(map[string]route, 1+len(c.others))
	for _, origin := range append([]string{c.origin}, c.others...) {
		if len(p[origin]) == 0 {
			network := ipcapi.Hop(c.network, origin, c.log)
			routes[origin] = route{network, network}
			continue
		}
		name := origin
		if origin == c.origin {
			name = c.cfg.Issuer
		}
		r, err := c.wires(name, p[origin])
		if err != nil {
			return nil, err
		}
		routes[origin] = r
	}
	return routes, nil
}

// wires connects the first message wire and the first stream wire of a service.
// If it has only one of them, that carries everything.
func (c *Client) wires(issuer string, s ipcapi.Service) (route, error) {
	var message, stream http.RoundTripper
	for _, a := range s {
		wire := &stream
		if a.Scheme == ipcapi.UnixSeqpacket {
			wire = &message
		}
		if *wire != nil {
			continue
		}
		transport, err := c.dialer(issuer, a)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			return route{}, fmt.Errorf("connect to %s: %w", a, err)
		}
		*wire = ipcapi.Hop(transport, a.String(), c.log)
	}
	switch {
	case message == nil && stream == nil:
		return route{}, fmt.Errorf("connect to %s: no address can be used here: %w", s, errors.ErrUnsupported)
	case message == nil:
		return route{stream, stream}, nil
	case stream == nil:
		return route{message, message}, nil
	}
	return route{messageFirst{message, stream}, stream}, nil
}

func (c *Client) dialer(issuer string, a ipcapi.Address) (http.RoundTripper, error) {
	if c.cfg.Connect != nil {
		transport, err := c.cfg.Connect(a)
		if !errors.Is(err, errors.ErrUnsupported) {
			return transport, err
		}
	}
	d := &unixipc.Dialer{Address: a}
	if v, ok := c.cfg.Services.(PeerVerifier); ok {
		d.VerifyPeer = func(peer ipcapi.Caller) error { return v.VerifyPeer(issuer, a, peer) }
	}
	if s, ok := c.cfg.Services.(Starter); ok {
		d.Start = func(ctx context.Context) error { return s.StartService(ctx, issuer, a) }
	}
	return d.Transport()
}
