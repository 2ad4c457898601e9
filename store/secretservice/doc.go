// Package secretservice keeps the key of a store in the Secret Service of a Linux
// desktop (org.freedesktop.secrets): in the keyring that is unlocked when the person
// logs in, and not on the disk beside the store.
//
// [Keys] is a store.KeyProvider; give it to store.Options, or to Store.RekeyUnder for a
// store that has its key elsewhere. What it wraps says which key wrapped it ([Wrapped]),
// so a program can tell where the key of a store is.
//
// Beware: a locked keyring asks the person for its password, so Wrap and Unwrap wait for
// them as long as their context lets them. And every process of the person that is not
// in a sandbox can ask the service for this key as well: it protects a disk, a copy of
// the files and other users' sight of them, not one program of the person from another.
package secretservice
