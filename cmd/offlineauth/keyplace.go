package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/secretservice"
)

// The places where the key of a data directory may be.
const (
	inFile          = "file"
	inSecretService = "secret-service"
)

// A keyPlace is where the key of a data directory is to be, as the directory remembers
// it. Where it is the wrapped key says itself, so a move that is cut off loses nothing.
type keyPlace struct {
	At   string `json:"at"`
	Name string `json:"name,omitempty"` // of the directory's keys in the Secret Service, if there may be some
}

func keyPlaceFile(dir string) string { return filepath.Join(dir, "keys.json") }

func loadKeyPlace(dir string) (keyPlace, error) {
	p := keyPlace{At: inFile}
	b, err := os.ReadFile(keyPlaceFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil || p.At != inFile && p.At != inSecretService {
		return p, fmt.Errorf("%s cannot be read: name the place of the key again with «offlineauth rekey --keys %s|%s»", keyPlaceFile(dir), inFile, inSecretService)
	}
	return p, nil
}

func (p keyPlace) save(dir string) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(keyPlaceFile(dir), append(b, '\n'))
}

// moved is the place when the key is to be somewhere else.
func (p keyPlace) moved(to string) keyPlace {
	p.At = to
	if to == inSecretService && p.Name == "" {
		p.Name = secretservice.NewName()
	}
	return p
}

// secrets are the directory's keys in the Secret Service.
func (p keyPlace) secrets(dir string) secretservice.Keys {
	return secretservice.Keys{Name: p.Name, Label: "offlineauth: the key of " + dir}
}

func (p keyPlace) provider(dir string) store.Renewer {
	if p.At == inSecretService {
		return p.secrets(dir)
	}
	return offlineauth.KeyFile(dir)
}

// promptTime is how long the person may take to unlock a keyring.
const promptTime = time.Minute

// patience is how much longer opening a directory may take because of its key.
func patience(dir string) time.Duration {
	if p, err := loadKeyPlace(dir); err == nil && p.At == inFile && p.Name == "" {
		return 0
	}
	return promptTime
}

// placedKeys keep the key of a data directory where the directory says. It is asked
// each time, since a command may say otherwise while a server runs.
type placedKeys struct{ dir string }

var _ store.Renewer = placedKeys{}

// KeyFile is where stores of schema 1 have their key.
func (k placedKeys) KeyFile() store.KeyFile { return offlineauth.KeyFile(k.dir) }

// Wrap implements [store.KeyProvider].
func (k placedKeys) Wrap(ctx context.Context, plain []byte) ([]byte, error) {
	p, err := loadKeyPlace(k.dir)
	if err != nil {
		return nil, err
	}
	return p.provider(k.dir).Wrap(ctx, plain)
}

// Unwrap implements [store.KeyProvider].
func (k placedKeys) Unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	if secretservice.Wrapped(wrapped) {
		return secretservice.Keys{}.Unwrap(ctx, wrapped)
	}
	return k.KeyFile().Unwrap(ctx, wrapped)
}

// Renew implements [store.Renewer].
func (k placedKeys) Renew(ctx context.Context) error {
	p, err := loadKeyPlace(k.dir)
	if err != nil {
		return err
	}
	return p.provider(k.dir).Renew(ctx)
}

// Retire implements [store.Renewer]. Keys that are still where the key was before go, too.
func (k placedKeys) Retire(ctx context.Context) error {
	p, err := loadKeyPlace(k.dir)
	if err != nil {
		return err
	}
	if err := p.provider(k.dir).Retire(ctx); err != nil {
		return err
	}
	if p.At == inSecretService {
		err = os.Remove(string(k.KeyFile()))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, syncDir(k.dir))
	}
	if p.Name == "" {
		return nil
	}
	if err := p.secrets(k.dir).Remove(ctx); err != nil {
		return err
	}
	return keyPlace{At: inFile}.save(k.dir)
}

// moveKey has the key of a directory be somewhere else from the next rekeying on, and
// makes sure that it can be. undo takes that back.
func moveKey(ctx context.Context, dir, to string) (undo func() error, err error) {
	if to != inFile && to != inSecretService {
		return nil, usageError(fmt.Sprintf("--keys is %s or %s", inFile, inSecretService))
	}
	before, err := loadKeyPlace(dir)
	if err != nil {
		before = keyPlace{At: inFile}
	}
	after := before.moved(to)
	// Saved first: a key whose name nobody remembers would stay in the keyring for ever.
	if err := after.save(dir); err != nil {
		return nil, err
	}
	undo = func() error { return before.save(dir) }
	ctx, cancel := context.WithTimeout(ctx, promptTime)
	defer cancel()
	if to == inSecretService {
		if _, err := after.provider(dir).Wrap(ctx, []byte("can it be kept?")); err != nil {
			return nil, errors.Join(err, undo())
		}
	}
	return undo, nil
}
