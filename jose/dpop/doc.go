// Package dpop has the proofs by which a token is bound to a key (RFC 9449): who
// uses the token signs each request with the key, so that a stolen token is worth
// nothing without it.
//
// A server keeps one [Verifier] for each origin and calls [Verifier.Check] with
// every request that comes with a proof; [Verifier.Nonce] goes with the answer. A
// client makes proofs with [New].
//
// What a verifier remembers is in memory alone, and a restart is still no chance to
// replay: each proof must carry a nonce that this very verifier gave out. Clocks do
// not matter either. A nonce is good for two to four minutes of the process's own
// time, whatever the wall clock does meanwhile, and a proof is good once.
package dpop
