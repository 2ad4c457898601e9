package store_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/storetest"
)

// A shaky engine panics instead of committing, as bbolt does with a damaged file.
type shaky struct {
	storetest.Memory
	panics bool
}

func (e *shaky) Update(fn func(store.Tx) error) error {
	return e.Memory.Update(func(tx store.Tx) error {
		err := fn(tx)
		if err == nil && e.panics {
			panic("the engine is shaky")
		}
		return err
	})
}

// TestTheEnginePanics: it does so in the goroutine of the one who leads. Those who follow
// get an error, nothing of the commit is there, and the next one works.
func TestTheEnginePanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := new(shaky)
		s, err := store.New(e, new(storetest.Keys), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		add := func(id string) error {
			return s.Do(t.Context(), func(ctx context.Context) error { return s.Clients.Put(ctx, store.Client{ID: id}) })
		}
		followed := make(chan error, 1)
		lead := func() {
			defer func() {
				if recover() == nil {
					t.Error("the one who leads does not see the panic")
				}
			}()
			s.Do(t.Context(), func(ctx context.Context) error {
				go func() { followed <- add("follows") }()
				synctest.Wait() // for it to be in the queue
				_, err := s.DecideInteraction(ctx, "i", time.Now())
				return errors.Join(err, s.Clients.Put(ctx, store.Client{ID: "leads"}))
			})
		}
		if err := s.PutInteraction(store.Interaction{ID: "i", ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		e.panics = true
		lead()
		if err := <-followed; err == nil {
			t.Error("the one who follows is told that all went well")
		}
		if _, err := s.Interaction("i", time.Now()); err != nil {
			t.Errorf("what was not decided does not wait again: %v", err)
		}
		e.panics = false
		if err := add("next"); err != nil {
			t.Fatal(err)
		}
		clients, err := s.Clients.List(t.Context())
		if err != nil || len(clients) != 1 || clients[0].ID != "next" {
			t.Errorf("there are %+v, %v", clients, err)
		}
	})
}
