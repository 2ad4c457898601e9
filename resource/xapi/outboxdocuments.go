package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
)

// maxUnanswered bounds how many states of a document are kept that were sent without
// an answer. What the upstream has is not known for ours if it is none of them.
const maxUnanswered = 16

// A Change is a document that the upstream does not have as it is now.
type Change struct {
	Seq uint64
	DocumentName
	Document *Document // nil if it was removed
	Copy     Copy
}

// A Copy is what is known of the upstream's copy of a document. States are named by
// whoever forwards them.
type Copy struct {
	State string   `json:"state,omitempty"` // that it last had for all we know; "" if it never had any
	Tag   string   `json:"tag,omitempty"`   // its ETag then
	Sent  []string `json:"sent,omitempty"`  // states that were sent since, without an answer
}

// An Attempt is a change that is about to be sent, and the state that it sends.
type Attempt struct {
	Change
	State string
}

// A DocumentSettlement is what has become of a change.
type DocumentSettlement struct {
	Change
	Copy     Copy   // afterwards
	Reason   string // why the document is put into quarantine; "" if the upstream has it
	Conflict bool   // somebody else has changed it there
}

// A DocumentsStatus is how far the documents have come.
type DocumentsStatus struct {
	Sent        uint64        `json:"sent"`    // changes that the upstream has
	Waiting     int           `json:"waiting"` // documents that are to be sent
	Quarantined []Quarantined `json:"quarantined,omitempty"`
}

// keptCopy is a Copy as it is kept.
type keptCopy struct {
	Copy
	Seq uint64 `json:"seq,omitempty"` // the newest change that the upstream has
}

// refusedDocument is what is kept of a document in quarantine.
type refusedDocument struct {
	Quarantined
	Seq      uint64 `json:"seq"`
	Conflict bool   `json:"conflict,omitempty"`
}

// holds reports whether a change stays in quarantine.
func (r refusedDocument) holds(seq uint64) bool { return r.Conflict || seq <= r.Seq }

func (o *Outbox) documentKey(v *vault, part byte, n DocumentName) []byte {
	return append(o.key(v, part), v.document(n)...)
}

// kept reads JSON into v, which stays as it is if there is none.
func (o *Outbox) kept(tx *reader, part byte, n DocumentName, v any) error {
	return tx.getJSON(o.documentKey(tx.vault, part, n), v)
}

// waits reports whether a change is to be sent. A document that the upstream refused
// is another one once it was changed; a conflict stays one.
func (o *Outbox) waits(tx *reader, seq uint64, n DocumentName) (c keptCopy, waits bool, err error) {
	var refused refusedDocument
	if err = o.kept(tx, copyPart, n, &c); err == nil {
		err = o.kept(tx, refusedPart, n, &refused)
	}
	if c.State == "" && len(c.Sent) == 0 && tx.Bucket(bucketDocuments).Get(tx.document(n)) == nil {
		return c, false, err // it never came there, or has gone from there already
	}
	return c, seq > c.Seq && !refused.holds(seq), err
}

// changesAfter yields the entries of the row.
func changesAfter(tx *reader, after uint64) iter.Seq2[uint64, func(*DocumentName) error] {
	return func(yield func(uint64, func(*DocumentName) error) bool) {
		c := tx.Bucket(bucketChanges).Cursor()
		for k, v := c.Seek(seqKey(after + 1)); k != nil; k, v = c.Next() {
			read := func(n *DocumentName) error {
				plain, err := tx.open(bucketChanges, k, v)
				if err != nil {
					return err
				}
				return json.Unmarshal(plain, n)
			}
			if !yield(seqOf(k), read) {
				return
			}
		}
	}
}

// waiting yields the changes that are to be sent.
func (o *Outbox) waiting(tx *reader, after uint64, visit func(Change) (more bool)) error {
	for seq, read := range changesAfter(tx, after) {
		var n DocumentName
		if err := read(&n); err != nil {
			return err
		}
		c, waits, err := o.waits(tx, seq, n)
		if err != nil {
			return err
		}
		if waits && !visit(Change{Seq: seq, DocumentName: n, Copy: c.Copy}) {
			break
		}
	}
	return nil
}

// Changes returns the documents to send next, the one that was not changed for the
// longest time first: at most limit of them and, unless a single one is larger, of
// size bytes together.
func (o *Outbox) Changes(ctx context.Context, limit, size int) (changes []Change, err error) {
	err = o.store.view(ctx, func(tx *reader) error {
		m, err := o.mark(tx)
		if err != nil {
			return o.errOutbox(err)
		}
		var broken error
		err = o.waiting(tx, m.Changes, func(c Change) bool {
			c.Document, broken = tx.readDocument(tx.document(c.DocumentName))
			if broken != nil {
				return false
			}
			if c.Document != nil {
				size -= len(c.Document.Content)
			}
			if len(changes) > 0 && size < 0 {
				return false
			}
			changes = append(changes, c)
			return len(changes) < limit
		})
		if err = errors.Join(err, broken); err != nil {
			return o.errOutbox(err)
		}
		return nil
	})
	return changes, err
}

// Attempt notes, in one commit, what is about to be sent. If the answer is lost, the
// upstream's copy is known for ours by it.
func (o *Outbox) Attempt(ctx context.Context, attempts []Attempt) error {
	return o.store.commit.do(ctx, func(w *writer) error {
		for _, a := range attempts {
			var c keptCopy
			if err := o.kept(w.tx, copyPart, a.DocumentName, &c); err != nil {
				return o.errOutbox(err)
			}
			if slices.Contains(c.Sent, a.State) {
				continue
			}
			c.Sent = append(c.Sent, a.State)
			c.Sent = c.Sent[max(0, len(c.Sent)-maxUnanswered):]
			if err := w.sealJSON(bucketUpstreams, o.documentKey(w.tx.vault, copyPart, a.DocumentName), c); err != nil {
				return err
			}
			if w.tx.Bucket(bucketChanged).Get(w.tx.document(a.DocumentName)) != nil {
				continue
			}
			if err := w.noteChange(a.DocumentName, true); err != nil { // it was removed since, and forgotten
				return err
			}
		}
		return nil
	})
}

// SettleDocuments notes what has become of changes, in one commit.
func (o *Outbox) SettleDocuments(ctx context.Context, settlements []DocumentSettlement) error {
	return o.store.commit.do(ctx, func(w *writer) error {
		m, err := o.mark(w.tx)
		if err != nil {
			return o.errOutbox(err)
		}
		for _, s := range settlements {
			if err := o.settleDocument(w, s, &m); err != nil {
				return err
			}
		}
		m.succeeded()
		if err := o.advanceChanges(w.tx, &m); err != nil {
			return o.errOutbox(err)
		}
		return w.sealJSON(bucketUpstreams, o.key(w.tx.vault, markPart), m)
	})
}

func (o *Outbox) settleDocument(w *writer, s DocumentSettlement, m *mark) error {
	var c keptCopy
	if err := o.kept(w.tx, copyPart, s.DocumentName, &c); err != nil {
		return o.errOutbox(err)
	}
	c.Copy = s.Copy
	if s.Reason != "" {
		refused := refusedDocument{Quarantined{s.String(), s.Reason, w.now.UTC()}, s.Seq, s.Conflict}
		if err := w.sealJSON(bucketUpstreams, o.documentKey(w.tx.vault, refusedPart, s.DocumentName), refused); err != nil {
			return err
		}
		if c.State == "" && len(c.Sent) == 0 { // nothing of it is there
			return w.tx.Bucket(bucketUpstreams).Delete(o.documentKey(w.tx.vault, copyPart, s.DocumentName))
		}
		return w.sealJSON(bucketUpstreams, o.documentKey(w.tx.vault, copyPart, s.DocumentName), c)
	}
	c.Seq, c.Sent = s.Seq, nil
	m.Documents++
	m.LastSuccess = w.now.UTC()
	b := w.tx.Bucket(bucketUpstreams)
	if err := b.Delete(o.documentKey(w.tx.vault, refusedPart, s.DocumentName)); err != nil {
		return err
	}
	if s.Document != nil {
		return w.sealJSON(bucketUpstreams, o.documentKey(w.tx.vault, copyPart, s.DocumentName), c)
	}
	// It is gone there, too. If it has come again meanwhile, it is a new one.
	if err := b.Delete(o.documentKey(w.tx.vault, copyPart, s.DocumentName)); err != nil {
		return err
	}
	return w.forgetRemoved(w.tx.document(s.DocumentName))
}

// advanceChanges moves the mark over all that does not wait.
func (o *Outbox) advanceChanges(tx *reader, m *mark) error {
	for seq, read := range changesAfter(tx, m.Changes) {
		var n DocumentName
		if err := read(&n); err != nil {
			return err
		}
		if _, waits, err := o.waits(tx, seq, n); waits || err != nil {
			return err
		}
		m.Changes = seq
	}
	return nil
}

// refused visits the documents in quarantine.
func (o *Outbox) refused(tx *reader, visit func(key []byte, r refusedDocument) error) error {
	prefix := o.key(tx.vault, refusedPart)
	return tx.visit(bucketUpstreams, prefix, func(k, plain []byte) error {
		var r refusedDocument
		if err := json.Unmarshal(plain, &r); err != nil {
			return o.errOutbox(err)
		}
		return visit(k[len(prefix):], r)
	})
}

func (o *Outbox) documentsStatus(tx *reader, m mark) (status DocumentsStatus, err error) {
	status.Sent = m.Documents
	err = o.waiting(tx, m.Changes, func(Change) bool { status.Waiting++; return true })
	if err != nil {
		return status, o.errOutbox(err)
	}
	err = o.refused(tx, func(document []byte, r refusedDocument) error {
		if seq := tx.Bucket(bucketChanged).Get(document); seq != nil && r.holds(seqOf(seq)) {
			status.Quarantined = append(status.Quarantined, r.Quarantined)
		}
		return nil
	})
	slices.SortFunc(status.Quarantined, func(a, b Quarantined) int { return strings.Compare(a.ID, b.ID) })
	return status, err
}

// retryDocuments takes all documents out of quarantine.
func (o *Outbox) retryDocuments(w *writer, m *mark) (n int, err error) {
	var keys [][]byte
	err = o.refused(w.tx, func(document []byte, r refusedDocument) error {
		if seq := w.tx.Bucket(bucketChanged).Get(document); seq != nil && r.holds(seqOf(seq)) {
			keys = append(keys, append(o.key(w.tx.vault, refusedPart), document...))
			m.Changes = min(m.Changes, seqOf(seq)-1)
		}
		return nil
	})
	for _, key := range keys {
		w.changed = true
		if err := w.tx.Bucket(bucketUpstreams).Delete(key); err != nil {
			return 0, err
		}
	}
	return len(keys), err
}
