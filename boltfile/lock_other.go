//go:build !linux

package boltfile

// lockHolder cannot be known here.
func lockHolder(path string) *LockedError { return &LockedError{Path: path} }
