package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/offlineauth/offlineauth/boltfile"
)

// maxFileKeys bounds how many keys a key file may hold.
const maxFileKeys = 8

// KeyFile keeps the key in a file of mode 0600: what a system without a better
// place offers. It is a [Renewer]. The zero value is not usable.
//
// The file is 32 bytes of a key, or several of them, newest first, while one
// takes the other's place.
type KeyFile string

var _ Renewer = KeyFile("")

// Wrap implements [KeyProvider] by AES-256-GCM.
func (f KeyFile) Wrap(_ context.Context, plain []byte) ([]byte, error) {
	keys, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		keys = [][]byte{newDataKey(0).Key}
		err = f.write(keys)
	}
	if err != nil {
		return nil, err
	}
	return newCipher(keys[0]).Seal(nil, nil, plain, nil), nil
}

// Unwrap implements [KeyProvider].
func (f KeyFile) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	keys, err := f.read()
	if err != nil {
		return nil, f.lost(err)
	}
	for _, key := range keys {
		if plain, err := newCipher(key).Open(nil, nil, wrapped, nil); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("the key file %s is another store's: put the right one back: %w", string(f), ErrSealed)
}

// lost makes an ErrSealed of a file that is not there.
func (f KeyFile) lost(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the key file %s is missing: %w", string(f), ErrSealed)
	}
	return err
}

// Renew implements [Renewer].
func (f KeyFile) Renew(context.Context) error {
	keys, err := f.read()
	if err != nil {
		return f.lost(err)
	}
	return f.write(slices.Insert(keys, 0, newDataKey(0).Key))
}

// Retire implements [Renewer].
func (f KeyFile) Retire(context.Context) error {
	keys, err := f.read()
	if err != nil {
		return f.lost(err)
	}
	return f.write(keys[:1])
}

func (f KeyFile) read() ([][]byte, error) {
	all, err := os.ReadFile(string(f))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if len(all) == 0 || len(all)%keySize != 0 || len(all) > maxFileKeys*keySize {
		return nil, fmt.Errorf("the key file %s has %d bytes instead of %d: put the right one back: %w", string(f), len(all), keySize, ErrSealed)
	}
	return slices.Collect(slices.Chunk(all, keySize)), nil
}

// write replaces the file whole or not at all: a torn key would make the store
// unreadable.
func (f KeyFile) write(keys [][]byte) error {
	return replaceFile(string(f), slices.Concat(keys...))
}

// replaceFile writes a file of mode 0600 in the place of another, if there is
// one, so that whatever happens one of the two is there whole.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return boltfile.SyncDir(filepath.Dir(path))
}
