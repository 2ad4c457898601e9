// Package boltfile opens, inspects, builds and replaces bbolt files such that a crash, a
// cut of the power or a damaged disk leaves a file that is whole, or one that is known
// not to be.
//
// [Open] opens one. [Inspect] looks whether it is whole. [Build] makes a new one, which
// [Replace] puts in the place of another, and [SetAside] keeps the other.
//
// Beware: bbolt maps files into memory, so reading a damaged one can fault. Read what is
// not known to be whole inside [Guard].
package boltfile
