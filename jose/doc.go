// Package jose has the signed JWTs that go between processes here, and the public
// keys that verify them: JWS in the compact form (RFC 7515), JWK (RFC 7517) and its
// thumbprint (RFC 7638). There are two algorithms, ES256 on P-256 and EdDSA on
// Ed25519 (RFC 7518, RFC 8037), and no way to ask for another.
//
// [Verify] reads a token whose key the caller chooses by the header; [Keys] chooses
// from a published set. [Sign] makes a token.
//
// Beware: Verify says who signed, and no more. What the claims must be, times
// included, is for the caller to check, who knows what kind of token it wants.
package jose
