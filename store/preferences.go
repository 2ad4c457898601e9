package store

import (
	"context"
	"errors"
	"time"
)

// Preferences are what the people of this device like the pages to be. There is
// one record of them.
type Preferences struct {
	Language string        `json:",omitzero"` // BCP 47; "" for what the device speaks
	Session  time.Duration // how long a PIN need not be entered again; 0 is every time
}

const preferencesKey = "preferences"

func preferences() spec[Preferences] {
	return spec[Preferences]{
		bucket: "preferences",
		key:    func(*Preferences) []byte { return []byte(preferencesKey) },
	}
}

// CurrentPreferences returns them, or what they are at first: the language of the
// device, and five minutes.
func (s *Store) CurrentPreferences(ctx context.Context) (Preferences, error) {
	p, err := s.Preferences.Get(ctx, preferencesKey)
	if errors.Is(err, ErrNotFound) {
		return Preferences{Session: 5 * time.Minute}, nil
	}
	return p, err
}
