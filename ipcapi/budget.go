package ipcapi

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// DefaultBudget is what the requests of one uid may hold of memory at a time, in
// bytes.
const DefaultBudget = 64 << 20

// budgetPatience is how long a request waits for those of the same uid.
const budgetPatience = 10 * time.Second

// A Budget bounds the memory that the requests of each uid hold at a time, so
// that one app cannot use up what all share. What all the wires of a process
// have in common is one Budget. The zero value gives DefaultBudget to each uid.
type Budget struct {
	PerUID int64 // bytes; at least the largest message that is taken

	mu   sync.Mutex
	uids map[int]*account
}

// account is what one uid has left.
type account struct {
	left   *semaphore.Weighted
	shares int
}

// Share opens the part of one request. Close it when the request has been
// answered.
func (b *Budget) Share(uid int) *Share {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.uids[uid]
	if a == nil {
		limit := b.PerUID
		if limit <= 0 {
			limit = DefaultBudget
		}
		a = &account{left: semaphore.NewWeighted(limit)}
		if b.uids == nil {
			b.uids = make(map[int]*account)
		}
		b.uids[uid] = a
	}
	a.shares++
	return &Share{budget: b, uid: uid, account: a}
}

// A Share is what one request holds of a [Budget].
type Share struct {
	budget  *Budget
	uid     int
	account *account
	held    atomic.Int64
}

// Wait takes n bytes, if need be when other requests of the uid are done. After
// some seconds it gives up: [ErrBusy].
func (s *Share) Wait(ctx context.Context, n int64) error {
	if s.Take(n) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, budgetPatience)
	defer cancel()
	if err := s.account.left.Acquire(ctx, n); err != nil {
		return &Error{Op: "read", Kind: ErrBusy, Err: err}
	}
	s.held.Add(n)
	return nil
}

// Take takes n bytes if they are there.
func (s *Share) Take(n int64) bool {
	taken := s.account.left.TryAcquire(n)
	if taken {
		s.held.Add(n)
	}
	return taken
}

// Close gives back what was taken.
func (s *Share) Close() {
	s.account.left.Release(s.held.Swap(0))
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	if s.account.shares--; s.account.shares == 0 {
		delete(s.budget.uids, s.uid)
	}
}
