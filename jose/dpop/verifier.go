package dpop

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// What is wrong with a proof.
var (
	// ErrProof means that a proof is malformed, forged, for another request or
	// another token, or was seen before: invalid_dpop_proof.
	ErrProof = errors.New("the DPoP proof is not valid")

	// ErrNonce means that a proof has no nonce of this server that is still good:
	// use_dpop_nonce. The client is to repeat the request with [Verifier.Nonce].
	ErrNonce = errors.New("the DPoP proof has no current nonce")
)

const (
	// A nonce is given out for turn, and good for as long again.
	turn = 2 * time.Minute
	// maxSeen is how many proofs one nonce may be in: what is remembered of them
	// is memory that anyone who may ask at all can fill.
	maxSeen = 1 << 15
)

// A Verifier checks the proofs that one origin receives. Its zero value is ready,
// and it may be used from many goroutines.
type Verifier struct {
	mu       sync.Mutex
	current  *generation
	previous *generation
}

// A generation is a nonce with the proofs that were seen with it. The two end
// together, so no proof can outlive the memory of it.
type generation struct {
	nonce string
	made  time.Time
	seen  map[[sha256.Size]byte]struct{}
}

// Check checks the one proof of a request to target, the absolute URL that the
// server knows it was reached at: the request's own Host may be anybody's word. A
// proof that comes with an access token must be for that one. It returns the
// thumbprint of the key; whether the token is bound to this key is for the caller
// to see. The error is an [ErrProof] or an [ErrNonce].
func (v *Verifier) Check(r *http.Request, target, token string) (thumbprint string, err error) {
	fields := r.Header.Values(Field)
	if len(fields) != 1 {
		return "", fmt.Errorf("%w: there are %d instead of one", ErrProof, len(fields))
	}
	proof, err := Parse(fields[0])
	if err != nil {
		return "", err
	}
	switch {
	case proof.Method != r.Method:
		return "", fmt.Errorf("%w: for the method %.20q", ErrProof, proof.Method)
	case !sameTarget(proof.URL, target):
		return "", fmt.Errorf("%w: for %.200q, not for %q", ErrProof, proof.URL, target)
	case proof.TokenHash != tokenHash(token):
		return "", fmt.Errorf("%w: for another access token", ErrProof)
	}
	return proof.Thumbprint, v.take(proof)
}

// Nonce returns the nonce for the next proof (RFC 9449 section 8).
func (v *Verifier) Nonce() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.advance()
	return v.current.nonce
}

// take accepts a proof once.
func (v *Verifier) take(p Proof) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.advance()
	of := v.current
	if v.previous != nil && v.previous.nonce == p.Nonce {
		of = v.previous
	}
	if of.nonce != p.Nonce || time.Since(of.made) >= 2*turn || len(of.seen) >= maxSeen {
		return ErrNonce
	}
	id := sha256.Sum256([]byte(p.Thumbprint + p.ID)) // a thumbprint has one length
	if _, before := of.seen[id]; before {
		return fmt.Errorf("%w: it was used before", ErrProof)
	}
	of.seen[id] = struct{}{}
	return nil
}

// advance makes a new generation when it is time, by the monotonic clock, or when
// the memory of this one is full.
func (v *Verifier) advance() {
	if v.current != nil && time.Since(v.current.made) < turn && len(v.current.seen) < maxSeen {
		return
	}
	v.previous = v.current
	v.current = &generation{nonce: rand.Text(), made: time.Now(), seen: map[[sha256.Size]byte]struct{}{}}
}
