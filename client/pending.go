package client

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	pendingLifetime = time.Hour
	maxPending      = 8
)

// match finds the login that a redirect answers. It checks the redirect URI, the
// state and the issuer, in this order, and leaves the login waiting: somebody
// else's redirect must not end it.
func (c *Client) match(ctx context.Context, redirect string) (pending, *linkhandler.Response, error) {
	response, err := linkhandler.ParseResponse(c.cfg.RedirectURI, redirect)
	if err != nil {
		return pending{}, nil, fmt.Errorf("%w: %w", ErrRedirect, err)
	}
	c.mu.Lock()
	waiting, err := c.loadPending(ctx)
	c.mu.Unlock()
	if err != nil {
		return pending{}, nil, err
	}
	p, err := ofState(waiting, response.State)
	switch {
	case err != nil:
		return pending{}, nil, err
	case p.RedirectURI != c.cfg.RedirectURI:
		return pending{}, nil, fmt.Errorf("%w: the login was started with another redirect URI", ErrRedirect)
	case response.Issuer == "":
		return pending{}, nil, fmt.Errorf("%w: it has none", ErrIssuer)
	case response.Issuer != c.cfg.Issuer:
		return pending{}, nil, fmt.Errorf("%w: %q", ErrIssuer, response.Issuer)
	}
	return p, response, nil
}

// ofState compares with every state in constant time.
func ofState(waiting []pending, state *string) (found pending, err error) {
	if len(waiting) == 0 {
		return found, ErrNoPendingLogin
	}
	if state == nil {
		return found, ErrState
	}
	err = ErrState
	for _, p := range waiting {
		if subtle.ConstantTimeCompare([]byte(p.State), []byte(*state)) == 1 {
			found, err = p, nil
		}
	}
	return found, err
}

func (c *Client) addPending(ctx context.Context, p pending) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, err := c.loadPending(ctx)
	if err != nil {
		return err
	}
	waiting = append(waiting, p)
	return c.savePending(ctx, waiting[max(0, len(waiting)-maxPending):])
}

// takePending ends the wait of a login; only one caller can.
func (c *Client) takePending(ctx context.Context, p pending) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, err := c.loadPending(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(waiting, func(w pending) bool { return w.State == p.State })
	if i < 0 {
		return ErrNoPendingLogin
	}
	return c.savePending(ctx, slices.Delete(waiting, i, i+1))
}

// loadPending returns the logins that still wait, the oldest first.
func (c *Client) loadPending(ctx context.Context) ([]pending, error) {
	encoded, err := c.cfg.Store.Load(ctx, c.key(pendingKey))
	if isNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load the waiting logins: %w", err)
	}
	var waiting []pending
	if err := json.Unmarshal(encoded, &waiting); err != nil {
		c.log.WarnContext(ctx, "the waiting logins in the store are not understood and given up", "error", err)
		return nil, nil
	}
	return slices.DeleteFunc(waiting, func(p pending) bool { return time.Since(p.CreatedAt) > pendingLifetime }), nil
}

func (c *Client) savePending(ctx context.Context, waiting []pending) error {
	if len(waiting) == 0 {
		return errorIn("end the waiting login", c.cfg.Store.Delete(ctx, c.key(pendingKey)))
	}
	encoded, err := json.Marshal(waiting)
	return errors.Join(err, errorIn("save the waiting login", c.cfg.Store.Save(ctx, c.key(pendingKey), encoded)))
}

func errorIn(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
