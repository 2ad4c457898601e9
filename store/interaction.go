package store

import (
	"bytes"
	"context"
	"time"
)

// maxInteractions bounds what opened links can make this process hold.
const maxInteractions = 1000

// Interaction is an authorization request that waits for the person's word.
//
// While it waits it is held in memory, so that a login costs no commit for it.
// It is written with a commit that goes anyway, or when the store is closed: it
// outlives the process then. When that is killed before, the client asks again.
//
// One that was decided is remembered until its time is over, by this process: it is
// nowhere else, so nobody can decide it again after that.
type Interaction struct {
	ID         string              // random, or derived from what it may begin once for
	ClientID   string              `json:",omitzero"`
	ClientName string              `json:",omitzero"` // as it was shown
	Identity   string              `json:",omitzero"` // app identity of who pushed the request, if it was pushed
	PushedHash []byte              `json:",omitzero"` // of its PushedRequest, which has one interaction at most
	Parameters map[string][]string `json:",omitzero"`
	CreatedAt  time.Time           `json:",omitzero"`
	ExpiresAt  time.Time           `json:",omitzero"`
}

// undecided are the interactions that outlived a commit or a process.
func undecided() spec[Interaction] {
	return spec[Interaction]{
		bucket:  "undecided",
		sealed:  true,
		key:     func(i *Interaction) []byte { return []byte(i.ID) },
		expires: func(i *Interaction) time.Time { return i.ExpiresAt },
	}
}

// PutInteraction holds an interaction until it is decided or expires. At most
// 1,000 are held; then the oldest gives way. It returns ErrExists if the ID,
// or the pushed request, has an interaction that waits (see
// [Store.PushedInteraction]), and ErrConsumed if the ID was decided.
func (s *Store) PutInteraction(i Interaction) error {
	switch {
	case s.interactions.wasDecided(i.ID):
		return s.undecided.fail(ErrConsumed)
	case !s.interactions.add(i):
		return s.undecided.fail(ErrExists)
	}
	return nil
}

// Interaction returns the interaction that waits under the ID. The errors are
// ErrNotFound; ErrConsumed if it was decided; ErrExpired, once.
func (s *Store) Interaction(id string, now time.Time) (Interaction, error) {
	if s.interactions.wasDecided(id) {
		return Interaction{}, s.undecided.fail(ErrConsumed)
	}
	i, ok := s.interactions.find(func(i Interaction) bool { return i.ID == id })
	if !ok {
		return Interaction{}, s.undecided.fail(ErrNotFound)
	}
	if expired(i.ExpiresAt, now) {
		s.interactions.remove(id)
		return Interaction{}, s.undecided.fail(ErrExpired)
	}
	return i, nil
}

// PushedInteraction returns the interaction that waits with a pushed request.
// The errors are ErrNotFound and ErrExpired.
func (s *Store) PushedInteraction(hash []byte, now time.Time) (Interaction, error) {
	i, ok := s.interactions.find(func(i Interaction) bool { return bytes.Equal(i.PushedHash, hash) })
	if !ok || len(hash) == 0 {
		return Interaction{}, s.undecided.fail(ErrNotFound)
	}
	return s.Interaction(i.ID, now)
}

// DecideInteraction marks the interaction, and the pushed request it began
// with, as decided and returns it: of any number of callers, one gets it
// without an error. It is called inside [Store.Do]; if that is dropped, or cannot
// be committed, the interaction waits again. The errors are those of [Store.Interaction].
func (s *Store) DecideInteraction(ctx context.Context, id string, now time.Time) (Interaction, error) {
	tx := mustTransaction(ctx)
	i, err := s.Interaction(id, now)
	if err != nil {
		return Interaction{}, err
	}
	if len(i.PushedHash) > 0 {
		if err := s.decidePushed(ctx, i.PushedHash, now); err != nil {
			return Interaction{}, err
		}
	}
	if err := s.undecided.Delete(ctx, id); err != nil {
		return Interaction{}, err
	}
	s.interactions.decide(i)
	tx.undo = append(tx.undo, func() { s.interactions.waitAgain(i) })
	return i, nil
}
