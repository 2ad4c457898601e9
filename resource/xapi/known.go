package xapi

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"

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
		key := w.tx.name(bucketActivities, d.ID)
		known, err := w.tx.get(bucketActivities, key)
		if err != nil {
			return err
		}
		if merged := statement.MergeDefinitions(known, d.JSON); !bytes.Equal(merged, known) {
			if err := w.seal(bucketActivities, key, merged); err != nil {
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
	key := w.tx.name(bucketPersons, a.Identity())
	known, err := w.tx.get(bucketPersons, key)
	if err != nil || bytes.Contains(known, []byte(strconv.Quote(a.Name()))) {
		return err // nearly always, and quicker
	}
	names := readNames(known)
	if slices.Contains(names, a.Name()) || len(names) >= maxNames {
		return nil
	}
	text, err := json.Marshal(append(names, a.Name()))
	if err != nil {
		return err
	}
	return w.seal(bucketPersons, key, text)
}

func readNames(b []byte) (names []string) {
	if b != nil {
		_ = json.Unmarshal(b, &names) // written by name alone
	}
	return names
}

// Definition returns the JSON of what is known of an activity, or nil.
func (s *Store) Definition(ctx context.Context, activityID string) (definition []byte, err error) {
	err = s.view(ctx, func(tx *reader) (err error) {
		definition, err = tx.get(bucketActivities, tx.name(bucketActivities, activityID))
		return err
	})
	return definition, err
}

// Names returns the names an agent has been given.
func (s *Store) Names(ctx context.Context, a statement.Actor) (names []string, err error) {
	err = s.view(ctx, func(tx *reader) error {
		b, err := tx.get(bucketPersons, tx.name(bucketPersons, a.Identity()))
		names = readNames(b)
		return err
	})
	return names, err
}
