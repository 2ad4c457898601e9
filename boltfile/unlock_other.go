//go:build !linux && !darwin

package boltfile

import "os"

// unlock does nothing: closing the file has to be enough.
func unlock(*os.File) {}
