package store

import (
	"errors"

	"github.com/offlineauth/offlineauth/boltfile"
)

// Errors to be told apart with errors.Is. They come wrapped in the name of the
// table they are about.
var (
	// ErrNotFound: there is no such record, or no longer.
	ErrNotFound = errors.New("not found")
	// ErrExists: a unique value (a username, a key) is taken.
	ErrExists = errors.New("exists already")
	// ErrExpired: the record's time was over. It has been deleted.
	ErrExpired = errors.New("expired")
	// ErrConsumed: what can be done once has been done: a code was redeemed, a
	// refresh token rotated, a request decided.
	ErrConsumed = errors.New("used already")
	// ErrEnded: the authorization was ended, or its grant revoked.
	ErrEnded = errors.New("ended or revoked")
	// ErrClosed: the store was closed; what was asked has not been done.
	ErrClosed = errors.New("store: closed")
	// ErrLocked: another process has the file open. See [LockedError].
	ErrLocked = boltfile.ErrLocked
	// ErrSealed: a sealed record cannot be read with the key at hand, because
	// the key file is lost, is another store's, or the record was altered.
	ErrSealed = boltfile.ErrSealed
	// ErrCorrupt: the file, or a record in it, is not what this package writes.
	ErrCorrupt = boltfile.ErrCorrupt
	// ErrBackup: the file is a backup. It is of use to [Restore] alone.
	ErrBackup = errors.New("a backup, which has to be restored")
	// ErrNewerSchema: the file was written by a newer version of this package.
	ErrNewerSchema = errors.New("store: written by a newer version: update this program")
)

// LockedError says which process may hold the file. It is an [ErrLocked].
type LockedError = boltfile.LockedError
