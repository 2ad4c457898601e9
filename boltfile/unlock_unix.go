//go:build linux || darwin

package boltfile

import (
	"os"
	"syscall"
)

// unlock releases the lock of a file whose mapping is still there: to close it
// is not enough.
func unlock(f *os.File) { syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
