package offlineauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

// household is a server as its pages want to ask it.
type household struct{ server *Server }

func (h household) Consent(ctx context.Context, id string) (ui.Consent, error) {
	return h.server.Consent(ctx, id)
}

func (h household) Decide(ctx context.Context, id string, d ui.Decision) (string, error) {
	return h.server.Decide(ctx, id, d)
}

func (h household) Accounts(ctx context.Context) ([]ui.Account, error) {
	all, err := h.server.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	accounts := make([]ui.Account, len(all))
	for i, a := range all {
		if accounts[i], err = h.server.shown(ctx, a); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// shown is an account as it is shown.
func (s *Server) shown(ctx context.Context, a store.Account) (ui.Account, error) {
	pin, err := s.HasSecret(ctx, a.ID, authz.PIN)
	if err != nil {
		return ui.Account{}, err
	}
	password, err := s.HasSecret(ctx, a.ID, authz.Password)
	return ui.Account{ID: a.ID, Username: a.Username, Name: a.Name, HasPIN: pin, HasPassword: password, CreatedAt: a.CreatedAt}, err
}

func (h household) AddAccount(ctx context.Context, username, name string) (ui.Account, error) {
	add := func(username string) (ui.Account, error) {
		a, err := h.server.AddAccount(ctx, username, name)
		if err != nil {
			return ui.Account{}, asShown(err)
		}
		return h.server.shown(ctx, a)
	}
	if username != "" {
		return add(username)
	}
	username = usernameFor(name)
	a, err := add(username)
	for n := 2; errors.Is(err, ui.ErrTaken) && n < 1000; n++ {
		a, err = add(fmt.Sprintf("%s%d", username, n))
	}
	return a, err
}

// usernameFor makes a username of a name, for who does not want to think of one.
func usernameFor(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) })
	username := []rune(strings.Join(words, "."))
	if len(username) == 0 {
		return "person"
	}
	return string(username[:min(len(username), 50)])
}

func (h household) RemoveAccount(ctx context.Context, id string) error {
	a, err := h.server.store.Accounts.Get(ctx, id)
	if err != nil {
		return err
	}
	return h.server.RemoveAccount(ctx, a.Username)
}

func (h household) Prove(ctx context.Context, id string, kind ui.Secret, secret string) error {
	return asShown(h.server.Prove(ctx, id, authz.Secret(kind), secret))
}

func (h household) SetSecret(ctx context.Context, id string, kind ui.Secret, secret string) error {
	if secret == "" {
		return h.server.RemoveSecret(ctx, id, authz.Secret(kind))
	}
	return asShown(h.server.SetSecret(ctx, id, authz.Secret(kind), secret))
}

// asShown is an error as pages tell it from others.
func asShown(err error) error {
	var wait *store.WaitError
	var refusal *authz.Error
	switch {
	case errors.Is(err, authz.ErrWrongSecret):
		return fmt.Errorf("%w: %w", ui.ErrWrongSecret, err)
	case errors.As(err, &wait):
		return &ui.WaitError{For: wait.For}
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("%w: %w", ui.ErrTaken, err)
	case errors.As(err, &refusal) && refusal.Code == "invalid_request":
		return fmt.Errorf("%w: %w", ui.ErrUnfit, err)
	}
	return err
}

func (h household) Issuer() string { return h.server.auth.Issuer() }

func (h household) Preferences(ctx context.Context) (ui.Preferences, error) {
	p, err := h.server.store.CurrentPreferences(ctx)
	return ui.Preferences{Language: p.Language, Session: p.Session}, err
}

func (h household) SetPreferences(ctx context.Context, p ui.Preferences) error {
	return h.server.store.Do(ctx, func(ctx context.Context) error {
		return h.server.store.Preferences.Put(ctx, store.Preferences{Language: p.Language, Session: p.Session})
	})
}

// Backup goes by a file in the data directory: what is sent is whole, or not begun.
func (h household) Backup(ctx context.Context, w io.Writer) (err error) {
	file := filepath.Join(h.server.dir, "offlineauth-"+rand.Text()+".backup")
	if err := h.server.Backup(ctx, file, store.BackupOptions{}); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(file)) }()
	_, err = io.Copy(w, f)
	return err
}
