package store

import (
	"context"
	"time"
)

// PushedRequest is a pushed authorization request (RFC 9126).
type PushedRequest struct {
	Hash       []byte // SHA-256 of the request_uri
	ClientID   string
	Identity   string              `json:",omitzero"` // app identity of who pushed it
	Parameters map[string][]string `json:",omitzero"`
	ExpiresAt  time.Time           `json:",omitzero"`
	DecidedAt  time.Time           `json:",omitzero"` // zero until the person has decided
}

func pushedRequests() spec[PushedRequest] {
	return spec[PushedRequest]{
		bucket:  "pushed requests",
		sealed:  true,
		key:     func(p *PushedRequest) []byte { return p.Hash },
		undoes:  func(p, old *PushedRequest) bool { return undoes(p.DecidedAt, old.DecidedAt) },
		expires: func(p *PushedRequest) time.Time { return p.ExpiresAt },
	}
}

// LivePushedRequest returns the request if an interaction may begin with it.
// It may be read again, as when a consent page is reloaded. The errors are
// ErrNotFound; ErrConsumed together with the request, if it was decided;
// ErrExpired, and then the record is deleted. It may be called inside
// [Store.Do] and outside.
func (s *Store) LivePushedRequest(ctx context.Context, hash []byte, now time.Time) (PushedRequest, error) {
	p, err := s.PushedRequests.Get(ctx, string(hash))
	switch {
	case err != nil:
		return PushedRequest{}, err
	case !p.DecidedAt.IsZero():
		return p, s.PushedRequests.fail(ErrConsumed)
	case expired(p.ExpiresAt, now):
		return PushedRequest{}, s.PushedRequests.forget(ctx, hash, now)
	}
	return p, nil
}

// decidePushed marks the request of an interaction as decided. One that was
// swept meanwhile cannot begin another interaction, so that is no error.
func (s *Store) decidePushed(ctx context.Context, hash []byte, now time.Time) error {
	p, err := s.PushedRequests.find(ctx, hash)
	if p == nil || err != nil {
		return err
	}
	if !p.DecidedAt.IsZero() {
		return s.PushedRequests.fail(ErrConsumed)
	}
	p.DecidedAt = now.UTC()
	return s.PushedRequests.Put(ctx, *p)
}
