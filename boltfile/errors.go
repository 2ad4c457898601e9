package boltfile

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt: the file, or a record in it, is not what was written.
	ErrCorrupt = errors.New("damaged, or not a store")
	// ErrSealed: a sealed record cannot be read with the key at hand, because the key is
	// lost, is another store's, or the record was altered.
	ErrSealed = errors.New("sealed under another key, or altered")
	// ErrLocked: another process has the file open. See [LockedError].
	ErrLocked = errors.New("in use by another process")
)

// LockedError says which process may hold the file. It is an [ErrLocked].
type LockedError struct {
	Path       string
	PID        int    // 0 when unknown
	Executable string // of PID; "" when unknown
}

func (e *LockedError) Error() string {
	switch {
	case e.PID == 0:
		return fmt.Sprintf("%s is in use by another process: stop it, or use another directory", e.Path)
	case e.Executable == "":
		return fmt.Sprintf("%s is in use by process %d: stop it, or use another directory", e.Path, e.PID)
	default:
		return fmt.Sprintf("%s is in use by process %d (%s): stop it, or use another directory", e.Path, e.PID, e.Executable)
	}
}

// Is implements the interface of errors.Is.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }
