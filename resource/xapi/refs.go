package xapi

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// maxChain is how far queries follow statements that refer to statements.
const maxChain = 100

// A node is a statement that is being stored, among those it is joined with.
type node struct {
	*statement.Statement
	id    string
	seq   uint64
	terms []statement.Term // its own
}

// link joins a statement with what it refers to and with who refers to it. A
// statement is also found by what finds its target (Communication 2.1.3), so the
// terms of targets are inherited when the later of the two is stored.
func (w *writer) link(n node) error {
	if target := n.Target(); target != "" {
		if err := w.put(bucketRefs, withSeq(w.tx.id(bucketRefs, target), n.seq), nil); err != nil {
			return err
		}
		beyond, err := chain(w.tx, target)
		if err != nil {
			return err
		}
		if err := w.indexInherited(n.seq, beyond); err != nil {
			return err
		}
	}
	if n.Voids() {
		if err := w.void(n.Target(), n.seq); err != nil {
			return err
		}
	}
	return w.bequeath(n)
}

// bequeath gives what a statement is found by to those who refer to it.
func (w *writer) bequeath(n node) error {
	if len(w.heirs(n.id)) == 0 {
		return nil
	}
	beyond, err := chain(w.tx, n.Target())
	if err != nil {
		return err
	}
	return w.inherit(n.id, append(n.terms, beyond...), map[uint64]bool{n.seq: true})
}

// chain returns the terms of a statement, of its target, and so on.
func chain(tx *reader, id string) ([]statement.Term, error) {
	var terms []statement.Term
	err := follow(tx, id, func(st *statement.Statement) bool {
		terms = append(terms, st.Terms()...)
		return true
	})
	return terms, err
}

// follow visits a statement, its target and so on, until visit returns false.
func follow(tx *reader, id string, visit func(*statement.Statement) bool) error {
	for range maxChain {
		if id == "" {
			break
		}
		_, r, _, err := find(tx, id)
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return err
		}
		st, err := r.statement()
		if err != nil || !visit(st) {
			return err
		}
		id = st.Target()
	}
	return nil
}

// heirs are the statements that refer to one.
func (w *writer) heirs(id string) (seqs []uint64) {
	prefix := w.tx.id(bucketRefs, id)
	c := w.tx.Bucket(bucketRefs).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		seqs = append(seqs, seqOf(k))
	}
	return seqs
}

// inherit gives terms to those who refer to a statement, and to those who refer to
// them.
func (w *writer) inherit(id string, terms []statement.Term, seen map[uint64]bool) error {
	for _, seq := range w.heirs(id) {
		if seen[seq] {
			continue
		}
		seen[seq] = true
		r, voided, err := load(w.tx, seq)
		if err != nil {
			return err
		}
		heir, err := r.statement()
		if err != nil {
			return err
		}
		if !voided {
			if err := w.indexInherited(seq, terms); err != nil {
				return err
			}
		}
		if err := w.inherit(heir.ID(), terms, seen); err != nil {
			return err
		}
	}
	return nil
}

// void takes a statement out of what queries see. If it is not there yet, it will
// be void when it comes.
func (w *writer) void(target string, by uint64) error {
	if err := w.put(bucketVoids, w.tx.id(bucketVoids, target), seqKey(by)); err != nil {
		return err
	}
	seq, r, voided, err := find(w.tx, target)
	if errors.Is(err, ErrNotFound) || voided {
		return nil
	}
	if err != nil {
		return err
	}
	if r.flags&flagVoids != 0 {
		return fmt.Errorf("%w: %s", ErrNotVoidable, target)
	}
	if err := w.forget(r, seq); err != nil {
		return err
	}
	if err := w.tx.Bucket(bucketStatements).Delete(seqKey(seq)); err != nil {
		return err
	}
	return w.seal(bucketVoided, seqKey(seq), r.bytes())
}

// forget takes a statement out of the index.
func (w *writer) forget(r record, seq uint64) error {
	if err := w.flush(); err != nil {
		return err
	}
	st, err := r.statement()
	if err != nil {
		return err
	}
	terms, err := chain(w.tx, st.ID()) // its own first
	if err != nil {
		return err
	}
	terms = append(terms, statement.Term{Kind: authorityKind, Value: string(st.Authority())})
	for _, t := range terms {
		if err := w.tx.Bucket(bucketIndex).Delete(withSeq(w.tx.term(t), seq)); err != nil {
			return err
		}
	}
	return nil
}
