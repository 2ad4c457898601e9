package authz

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxSeen bounds how many access tokens are remembered: a few hundred bytes each.
const maxSeen = 1024

// seenTokens remembers access tokens whose signature was good: an app shows the
// same one with each of its requests, and to verify it again would cost more than
// all else. Times, and whether the login beneath lives, are looked at each time.
type seenTokens struct {
	mu     sync.RWMutex
	claims map[[sha256.Size]byte]seenToken // by the token's hash: tokens are not kept
}

type seenToken struct {
	claims accessClaims
	keys   *signatures // those it was verified with: others may not know its key any more
}

func (t *seenTokens) get(hash [sha256.Size]byte, keys *signatures, now time.Time) (*accessClaims, bool) {
	t.mu.RLock()
	seen, ok := t.claims[hash]
	t.mu.RUnlock()
	if !ok || seen.keys != keys || !now.Before(seen.claims.ExpiresAt.Time) || ahead(seen.claims.IssuedAt.Time, now) {
		return nil, false
	}
	return &seen.claims, true
}

func (t *seenTokens) put(hash [sha256.Size]byte, keys *signatures, claims accessClaims) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.claims == nil {
		t.claims = make(map[[sha256.Size]byte]seenToken)
	}
	for other := range t.claims { // any: a map's order is a draw
		if len(t.claims) < maxSeen {
			break
		}
		delete(t.claims, other)
	}
	t.claims[hash] = seenToken{claims, keys}
}
