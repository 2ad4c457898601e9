package control

import (
	"net/http"
	"slices"
	"sync"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/store"
)

// clients are the registered apps. A registration is put in the place of another
// one only when that is asked for: what the new one leaves out, such as an app
// identity or a secret, would be lost without a word.
type clients struct {
	server *offlineauth.Server

	mu sync.Mutex // from looking for a client until it is added: only one process has the directory
}

func (c *clients) list(r *http.Request) (any, error) {
	all, err := c.server.Clients(r.Context())
	return convert(all, newClient), err
}

func (c *clients) add(r *http.Request) (any, error) {
	asked, err := decode[Client](r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all, err := c.server.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(all, func(old store.Client) bool { return old.ID == asked.ID }) {
		return nil, store.ErrExists
	}
	return c.register(r, asked)
}

func (c *clients) replace(r *http.Request) (any, error) {
	asked, err := decode[Client](r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.register(r, asked)
}

func (c *clients) register(r *http.Request, asked Client) (any, error) {
	registered, secret, err := c.server.AddClient(r.Context(), asked.registration())
	client := newClient(registered)
	client.Secret = secret
	return client, err
}

func (c *clients) remove(r *http.Request) (any, error) {
	return struct{}{}, c.server.RemoveClient(r.Context(), r.URL.Query().Get("id"))
}
