// Package store keeps what an authorization app must not lose: its clients,
// accounts, grants, codes, tokens and keys, in one file on the device.
//
// Call [Open] with a path (or [New] with another [Engine]), read with the
// tables of the [Store], and write inside [Store.Do]:
//
//	err := s.Do(ctx, func(ctx context.Context) error {
//		login, err := s.LiveAuthorization(ctx, id, now)
//		if err != nil {
//			return err
//		}
//		if err := login.Redeem(hash, now); err != nil {
//			return err
//		}
//		return s.Authorizations.Put(ctx, login)
//	})
//
// # Transactions
//
// A whole request is one Do. What its function writes is collected aside and
// seen by its own reads; it is applied when the function returns nil, and
// dropped when it returns an error or panics. When Do returns nil the writes
// are on the disk. Functions run one at a time, so what one has checked stays
// true until it has written. Those who wait while a commit is on its way share
// the next one; a lone caller waits for nobody. A transaction that changes
// nothing costs no commit.
//
// The transaction travels in the context. Reads given that context look into
// it; reads given another one see what was last committed, and never wait for
// a writer. Writes need it, and panic without it, as does a Do inside a Do:
// both are mistakes in the program that a test would want to see.
//
// # Time
//
// The clock of a device may be wrong. Every operation that depends on time
// takes now as an argument, and what was once seen as expired is deleted
// there and then, even if the request that saw it fails: a clock set back
// revives nothing. A clock set forward removes only what is asked for
// meanwhile: [Store.Sweep] does not follow it for a day.
//
// # Secrets
//
// Codes, tokens and request URIs are kept as their SHA-256 hashes only. What tells
// of persons or is secret is sealed, under a key that a [KeyProvider] keeps;
// [Store.Rekey] replaces it.
//
// # Beware
//
// Do what is slow before Do, not inside: reading a body, comparing a
// password and signing with a remote key hold up everybody else's writes.
// A function given to Do must not hand its context to goroutines that outlive
// it. Two processes cannot open one file: see [ErrLocked].
package store
