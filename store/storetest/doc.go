// Package storetest helps to test with and for package store.
//
// Tests of other packages call [Open] and have a store without a file.
// The maker of a [store.Engine] calls [Run] in a test: it holds the engine,
// and the store on top of it, to the contract. Run it with -race.
package storetest
