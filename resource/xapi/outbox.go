package xapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// bucketUpstreams: what has become of the records at each upstream. Below the mark of
// its name there is one record of how far it has come, an entry for each statement that was settled out of
// its turn, one for each document that the upstream has, and one for each that it
// does not take.
var bucketUpstreams = []byte("upstreams")

// An Outbox is what waits in a store for one upstream: another learning record
// store, to which all statements and documents go once there is a network.
//
// The statements are the outbox. Each has a seq that is higher than those before,
// and waits as long as that is above the upstream's mark: it is in the outbox in the
// very commit that stores it, and at no cost. A document has the seq of its last
// change, and waits in the same way: what it was in between waits no more.
type Outbox struct {
	store *Store
	name  string
}

// Outbox returns the outbox for the upstream of that name. A new name begins with
// the oldest statement there is.
func (s *Store) Outbox(name string) *Outbox { return &Outbox{s, name} }

// A Waiting is a statement that the upstream has not acknowledged.
type Waiting struct {
	*statement.Statement
	Seq  uint64
	Held string // why it must not be sent; "" if it may
}

// A Settlement is what has become of a statement.
type Settlement struct {
	Seq    uint64
	ID     string
	Reason string // why it is put into quarantine; "" if the upstream has it
}

// A Quarantined statement is one that the upstream will not take. It is not sent
// again until somebody says so.
type Quarantined struct {
	ID     string    `json:"id"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// A Mark is how far forwarding has come.
type Mark struct {
	Sent        uint64    `json:"sent"`                  // statements that the upstream has
	LastSuccess time.Time `json:"last_success,omitzero"` // when it last took some
	LastError   string    `json:"last_error,omitempty"`  // of the last attempt, if that failed
	Failures    int       `json:"failures,omitempty"`    // attempts that failed since
	NextTry     time.Time `json:"next_try,omitzero"`     // not before, unless somebody says so
}

// A mark is a Mark as it is kept.
type mark struct {
	Mark
	Through   uint64 // all statements up to here are settled
	Changes   uint64 `json:",omitempty"` // and all changes of documents up to here
	Documents uint64 `json:",omitempty"` // changes of documents that the upstream has
}

// succeeded: the upstream has taken something.
func (m *mark) succeeded() { m.LastError, m.Failures, m.NextTry = "", 0, time.Time{} }

// settled is what is kept of a statement that was settled out of its turn, or is in
// quarantine.
type settled struct {
	Quarantined      // without a reason the upstream has it
	Again       bool // to be sent once more
}

// The parts of an outbox's keys.
const (
	markPart    = 'm'
	settledPart = 's'
	copyPart    = 'd'
	refusedPart = 'q'
)

// key is where the records of a part of the outbox begin.
func (o *Outbox) key(v *vault, part byte) []byte {
	return append(v.name(bucketUpstreams, o.name), part)
}

func (o *Outbox) mark(tx *reader) (m mark, err error) {
	return m, tx.getJSON(o.key(tx.vault, markPart), &m)
}

// settlement returns what is kept of a statement, or nil.
func (o *Outbox) settlement(tx *reader, seq uint64) (*settled, error) {
	key := withSeq(o.key(tx.vault, settledPart), seq)
	if tx.Bucket(bucketUpstreams).Get(key) == nil {
		return nil, nil
	}
	s := new(settled)
	return s, tx.getJSON(key, s)
}

// settlements visits all that is kept, oldest statement first.
func (o *Outbox) settlements(tx *reader, visit func(seq uint64, s *settled) error) error {
	return tx.visit(bucketUpstreams, o.key(tx.vault, settledPart), func(k, plain []byte) error {
		s := new(settled)
		if err := json.Unmarshal(plain, s); err != nil {
			return err
		}
		return visit(seqOf(k), s)
	})
}

// getJSON reads what is kept of an upstream into v, which stays as it is if there is
// nothing.
func (r *reader) getJSON(key []byte, v any) error {
	b, err := r.get(bucketUpstreams, key)
	if b == nil || err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func (w *writer) sealJSON(bucket, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.seal(bucket, key, text)
}

// Mark returns how far forwarding has come.
func (o *Outbox) Mark(ctx context.Context) (m Mark, err error) {
	err = o.store.view(ctx, func(tx *reader) error {
		kept, err := o.mark(tx)
		m = kept.Mark
		return err
	})
	return m, err
}

// An OutboxStatus is what the person may want to know.
type OutboxStatus struct {
	Mark
	Waiting     int             `json:"waiting"` // statements not settled yet
	Quarantined []Quarantined   `json:"quarantined,omitempty"`
	Documents   DocumentsStatus `json:"documents"`
}

// AllWaiting is how many statements and documents wait.
func (s OutboxStatus) AllWaiting() int { return s.Waiting + s.Documents.Waiting }

// Status returns how far forwarding has come. It counts what waits.
func (o *Outbox) Status(ctx context.Context) (status OutboxStatus, err error) {
	err = o.store.view(ctx, func(tx *reader) error {
		m, err := o.mark(tx)
		if err != nil {
			return err
		}
		status.Mark = m.Mark
		for range inOrder(tx, m.Through+1) {
			status.Waiting++
		}
		err = o.settlements(tx, func(seq uint64, s *settled) error {
			switch {
			case s.Reason != "" && !s.Again:
				status.Quarantined = append(status.Quarantined, s.Quarantined)
			case s.Again:
				status.Waiting++
			}
			if seq > m.Through {
				status.Waiting--
			}
			return nil
		})
		if err != nil {
			return err
		}
		status.Documents, err = o.documentsStatus(tx, m)
		return err
	})
	return status, err
}

// Settle notes what has become of statements, in one commit.
func (o *Outbox) Settle(ctx context.Context, settlements []Settlement) error {
	return o.store.commit.do(ctx, func(w *writer) error {
		m, err := o.mark(w.tx)
		if err != nil {
			return err
		}
		for _, s := range settlements {
			kept := settled{Quarantined: Quarantined{ID: s.ID, Reason: s.Reason, Since: w.now.UTC()}}
			if err := w.sealJSON(bucketUpstreams, withSeq(o.key(w.tx.vault, settledPart), s.Seq), kept); err != nil {
				return err
			}
			if s.Reason == "" {
				m.Sent++
				m.LastSuccess = w.now.UTC()
			}
		}
		m.succeeded()
		if err := o.advance(w, &m); err != nil {
			return err
		}
		return w.sealJSON(bucketUpstreams, o.key(w.tx.vault, markPart), m)
	})
}

// advance moves the mark over all that is settled, and forgets what is only there
// because it was settled before its turn.
func (o *Outbox) advance(w *writer, m *mark) error {
	for seq := range inOrder(w.tx, m.Through+1) {
		s, err := o.settlement(w.tx, seq)
		if err != nil {
			return err
		}
		if s == nil {
			break
		}
		m.Through = seq
	}
	var over [][]byte
	err := o.settlements(w.tx, func(seq uint64, s *settled) error {
		if seq <= m.Through && s.Reason == "" {
			over = append(over, withSeq(o.key(w.tx.vault, settledPart), seq))
		}
		return nil
	})
	for _, key := range over {
		if err == nil {
			err = w.tx.Bucket(bucketUpstreams).Delete(key)
		}
	}
	return err
}

// Fail notes an attempt that came to nothing, and when the next one is due.
func (o *Outbox) Fail(ctx context.Context, why string, next time.Time) error {
	return o.store.commit.do(ctx, func(w *writer) error {
		m, err := o.mark(w.tx)
		if err != nil {
			return err
		}
		m.LastError, m.NextTry = why, next.UTC()
		m.Failures++
		return w.sealJSON(bucketUpstreams, o.key(w.tx.vault, markPart), m)
	})
}

// Retry takes everything out of quarantine, to be sent once more and at once, and
// returns how much that was.
func (o *Outbox) Retry(ctx context.Context) (n int, err error) {
	err = o.store.commit.do(ctx, func(w *writer) error {
		again := map[uint64]*settled{}
		err := o.settlements(w.tx, func(seq uint64, s *settled) error {
			if s.Reason != "" && !s.Again {
				s.Again = true
				again[seq] = s
			}
			return nil
		})
		if err != nil {
			return err
		}
		for seq, s := range again {
			if err := w.sealJSON(bucketUpstreams, withSeq(o.key(w.tx.vault, settledPart), seq), s); err != nil {
				return err
			}
		}
		m, err := o.mark(w.tx)
		if err != nil {
			return err
		}
		documents, err := o.retryDocuments(w, &m)
		if n = len(again) + documents; err != nil || n == 0 {
			return err
		}
		m.Failures, m.NextTry = 0, time.Time{}
		return w.sealJSON(bucketUpstreams, o.key(w.tx.vault, markPart), m)
	})
	return n, err
}

// Remove forgets the upstream.
func (o *Outbox) Remove(ctx context.Context) error {
	return o.store.commit.do(ctx, func(w *writer) error {
		copies := o.key(w.tx.vault, copyPart)
		prefix := copies[:hashSize]
		c := w.tx.Bucket(bucketUpstreams).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Seek(prefix) {
			document, hadIt := bytes.CutPrefix(bytes.Clone(k), copies)
			w.changed = true
			if err := c.Delete(); err != nil {
				return err
			}
			if hadIt {
				if err := w.forgetRemoved(document); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// errOutbox names the part of the store that is broken.
func (o *Outbox) errOutbox(err error) error {
	return fmt.Errorf("xapi: the outbox of %s: %w", o.name, err)
}
