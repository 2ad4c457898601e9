//go:build !unix

package boltfile

// SyncDir does nothing: this system offers no way to sync a directory.
func SyncDir(string) error { return nil }
