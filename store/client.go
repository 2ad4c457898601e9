package store

import (
	"context"
	"slices"
	"time"
)

// Client is a registered client (RFC 6749 section 2).
type Client struct {
	ID           string
	Name         string    `json:",omitzero"` // shown to the person
	RedirectURIs []string  `json:",omitzero"`
	Scopes       []string  `json:",omitzero"` // it may ask for
	Identities   []string  `json:",omitzero"` // app identities it may call from; empty: any
	SecretHash   []byte    `json:",omitzero"` // SHA-256 of a 256-bit secret, for API apps; nil: a public client
	Resources    []string  `json:",omitzero"` // resource identifiers an API app serves (RFC 8707)
	CreatedAt    time.Time `json:",omitzero"`

	// TokenLifetime bounds that of access tokens for its resources; 0: as long as any.
	TokenLifetime time.Duration `json:",omitzero"`

	// SelfRegistered: the app described itself (RFC 7591); no person vouches for its name.
	SelfRegistered   bool      `json:",omitzero"`
	RegistrationHash []byte    `json:",omitzero"` // SHA-256 of the registration access token (RFC 7592); nil: none
	ExpiresAt        time.Time `json:",omitzero"` // unless a person approves it; zero: never
}

func clients() spec[Client] {
	return spec[Client]{
		bucket:  "clients",
		lasting: true,
		key:     func(c *Client) []byte { return []byte(c.ID) },
		expires: func(c *Client) time.Time { return c.ExpiresAt },
		clone: func(c Client) Client {
			c.RedirectURIs, c.Scopes = slices.Clone(c.RedirectURIs), slices.Clone(c.Scopes)
			c.Identities, c.Resources = slices.Clone(c.Identities), slices.Clone(c.Resources)
			readBack(&c.CreatedAt, &c.ExpiresAt)
			return c
		},
	}
}

// LiveClient returns the client if it may be used. The errors are ErrNotFound;
// ErrExpired, and then the record is deleted. It may be called inside [Store.Do]
// and outside.
func (s *Store) LiveClient(ctx context.Context, id string, now time.Time) (Client, error) {
	var c *Client
	err := s.read(ctx, func(r Reader) (err error) {
		c, err = s.Clients.load(r, []byte(id))
		return err
	})
	switch {
	case err != nil:
		return Client{}, err
	case expired(c.ExpiresAt, now):
		return Client{}, s.Clients.forget(ctx, []byte(id), now)
	}
	return *c, nil
}
