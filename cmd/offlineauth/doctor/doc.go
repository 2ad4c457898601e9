// Package doctor judges whether a data directory is in order as an application of a
// Linux desktop, and says how to mend what is not.
//
// The command doctor looks at everything there is and fills in [Facts]; [Judge] makes
// [Finding]s of them, and looks at nothing by itself.
package doctor
