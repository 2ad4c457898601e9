package store

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"time"
)

// interactions are those that wait for a decision, oldest first, few enough to be
// searched in order; and those that were decided lately.
type interactions struct {
	mu        sync.Mutex
	waiting   []Interaction
	unwritten map[string]bool      // by ID; none that does not wait
	decided   map[string]time.Time // when the time of each is over, by ID; maxInteractions at most
}

// load takes what an earlier process has left.
func (is *interactions) load(left []Interaction, err error) error {
	slices.SortFunc(left, byCreation)
	is.waiting = left[max(0, len(left)-maxInteractions):]
	is.unwritten, is.decided = make(map[string]bool), make(map[string]time.Time)
	return err
}

// some returns up to n that wait and are not written.
func (is *interactions) some(n int) []Interaction {
	is.mu.Lock()
	defer is.mu.Unlock()
	var chosen []Interaction
	for _, i := range is.waiting {
		if len(chosen) < n && is.unwritten[i.ID] {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// written takes note of what is durable now.
func (is *interactions) written(done []Interaction) {
	is.mu.Lock()
	defer is.mu.Unlock()
	for _, i := range done {
		delete(is.unwritten, i.ID)
	}
}

// add reports whether nothing waits under the ID or the pushed request yet.
func (is *interactions) add(i Interaction) bool {
	is.mu.Lock()
	defer is.mu.Unlock()
	taken := slices.ContainsFunc(is.waiting, func(w Interaction) bool {
		return w.ID == i.ID || len(i.PushedHash) > 0 && bytes.Equal(w.PushedHash, i.PushedHash)
	})
	if taken {
		return false
	}
	if len(is.waiting) == maxInteractions {
		oldest := is.waiting[0].ID
		is.drop(func(w Interaction) bool { return w.ID == oldest })
	}
	is.waiting = append(is.waiting, i)
	is.unwritten[i.ID] = true
	return true
}

func (is *interactions) find(match func(Interaction) bool) (Interaction, bool) {
	is.mu.Lock()
	defer is.mu.Unlock()
	n := slices.IndexFunc(is.waiting, match)
	if n < 0 {
		return Interaction{}, false
	}
	return is.waiting[n], true
}

// decide moves an interaction to those that were decided.
func (is *interactions) decide(i Interaction) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.drop(func(w Interaction) bool { return w.ID == i.ID })
	for other := range is.decided { // any: it is remembered to be kind
		if len(is.decided) < maxInteractions {
			break
		}
		delete(is.decided, other)
	}
	is.decided[i.ID] = i.ExpiresAt
}

// waitAgain undoes decide.
func (is *interactions) waitAgain(i Interaction) {
	is.mu.Lock()
	defer is.mu.Unlock()
	delete(is.decided, i.ID)
	at, _ := slices.BinarySearchFunc(is.waiting, i, byCreation)
	is.waiting = slices.Insert(is.waiting, at, i)
	is.unwritten[i.ID] = true
}

func (is *interactions) wasDecided(id string) bool {
	is.mu.Lock()
	defer is.mu.Unlock()
	_, decided := is.decided[id]
	return decided
}

func byCreation(a, b Interaction) int { return a.CreatedAt.Compare(b.CreatedAt) }

func (is *interactions) remove(id string) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.drop(func(i Interaction) bool { return i.ID == id })
}

func (is *interactions) sweep(now time.Time) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.drop(func(i Interaction) bool { return expired(i.ExpiresAt, now) })
	maps.DeleteFunc(is.decided, func(_ string, expiresAt time.Time) bool { return expired(expiresAt, now) })
}

func (is *interactions) drop(match func(Interaction) bool) {
	is.waiting = slices.DeleteFunc(is.waiting, func(i Interaction) bool {
		gone := match(i)
		if gone {
			delete(is.unwritten, i.ID)
		}
		return gone
	})
}
