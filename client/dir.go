package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Dir is a Store in a directory of this name, made with mode 0700 if it is
// missing. Each value is a file of mode 0600 that is replaced as a whole, so that a
// crash leaves the old value or the new one.
//
// The values are not encrypted: whoever reads this user's files reads them.
type Dir string

// Load reads the file of key.
func (d Dir) Load(ctx context.Context, key string) ([]byte, error) {
	path, err := d.path(ctx, key)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Save replaces the file of key and waits for the disk.
func (d Dir) Save(ctx context.Context, key string, value []byte) error {
	path, err := d.path(ctx, key)
	if err != nil {
		return err
	}
	if err := d.prepare(); err != nil {
		return err
	}
	temporary, err := d.write(value)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return d.sync()
}

// Delete removes the file of key.
func (d Dir) Delete(ctx context.Context, key string) error {
	path, err := d.path(ctx, key)
	if err != nil {
		return err
	}
	switch err := os.Remove(path); {
	case isNotExist(err):
		return nil
	case err != nil:
		return err
	}
	return d.sync()
}

const keyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

func (d Dir) path(ctx context.Context, key string) (string, error) {
	if key == "" || strings.Trim(key, keyCharacters) != "" || d == "" {
		return "", fmt.Errorf("store: %q in directory %q: %w", key, string(d), fs.ErrInvalid)
	}
	return filepath.Join(string(d), key+".json"), ctx.Err()
}

// prepare makes the directory, and refuses one that others can look into.
func (d Dir) prepare() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	info, err := os.Stat(string(d))
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("store: %s is open to other users: chmod 700 it: %w", string(d), fs.ErrPermission)
	}
	return nil
}

// write puts value into a new file, whose mode os.CreateTemp makes 0600.
func (d Dir) write(value []byte) (name string, err error) {
	f, err := os.CreateTemp(string(d), "new-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(value)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// sync makes a renamed or removed name survive a crash. Windows has no way to,
// and needs none.
func (d Dir) sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
