package store

import (
	"context"
	"time"
)

// Account is a person who can log in.
type Account struct {
	ID        string    // the opaque subject that tokens name; random, never reused
	Username  string    // unique; compared byte by byte
	Name      string    `json:",omitzero"` // shown to the person
	CreatedAt time.Time `json:",omitzero"`
}

func accounts() spec[Account] {
	return spec[Account]{
		bucket:  "accounts",
		lasting: true,
		sealed:  true,
		key:     func(a *Account) []byte { return []byte(a.ID) },
		indexes: []index[Account]{usernames()},
		clone: func(a Account) Account {
			readBack(&a.CreatedAt)
			return a
		},
	}
}

func usernames() index[Account] {
	return index[Account]{
		bucket: "accounts by username",
		key:    func(a *Account) []byte { return joined(a.Username) },
	}
}

// AccountByUsername returns the account, or ErrNotFound.
func (s *Store) AccountByUsername(ctx context.Context, username string) (Account, error) {
	return s.Accounts.lookup(ctx, usernames(), joined(username))
}
