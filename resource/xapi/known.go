package xapi

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// maxNames bounds the names that are kept of one person.
const maxNames = 20

// describe keeps what a statement says of activities and people, for those who ask
// about them (Communication 2.4 and 2.5). Nothing is written that was known.
func (w *writer) describe(st *statement.Statement) error {
	for _, d := range st.Definitions() {
		if d.JSON == nil {
			continue
		}
		key := hashed(d.ID)
		known := w.tx.Bucket(bucketActivities).Get(key)
		if merged := statement.MergeDefinitions(known, d.JSON); !bytes.Equal(merged, known) {
			if err := w.put(bucketActivities, key, merged); err != nil {
				return err
			}
		}
	}
	for _, a := range st.Actors() {
		if err := w.name(a); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) name(a statement.Actor) error {
	if a.Name() == "" || a.IsGroup() {
		return nil
	}
	key := hashed(a.Identity())
	if bytes.Contains(w.tx.Bucket(bucketPersons).Get(key), []byte(strconv.Quote(a.Name()))) {
		return nil // nearly always, and quicker
	}
	names := namesIn(w.tx, key)
	if slices.Contains(names, a.Name()) || len(names) >= maxNames {
		return nil
	}
	text, err := json.Marshal(append(names, a.Name()))
	if err != nil {
		return err
	}
	return w.put(bucketPersons, key, text)
}

func namesIn(tx *bbolt.Tx, key []byte) (names []string) {
	if b := tx.Bucket(bucketPersons).Get(key); b != nil {
		_ = json.Unmarshal(b, &names) // written by name alone
	}
	return names
}

// Definition returns the JSON of what is known of an activity, or nil.
func (s *Store) Definition(ctx context.Context, activityID string) (definition []byte, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		definition = bytes.Clone(tx.Bucket(bucketActivities).Get(hashed(activityID)))
		return nil
	})
	return definition, err
}

// Names returns the names an agent has been given.
func (s *Store) Names(ctx context.Context, a statement.Actor) (names []string, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		names = namesIn(tx, hashed(a.Identity()))
		return nil
	})
	return names, err
}
