package xapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// ErrConflict means that another statement has the id (Data 2.3.1).
var ErrConflict = errors.New("xapi: another statement has this id")

// ErrNotVoidable means that a voiding statement is to be voided (Data 2.3.2).
var ErrNotVoidable = errors.New("xapi: a voiding statement cannot be voided")

// authorityKind is the kind of the term by which those find statements that may read
// only their own; its value is the JSON of the authority.
const authorityKind statement.Kind = 'm'

// An Attachment is a file that came with statements.
type Attachment struct {
	SHA2        string // hexadecimal, in lower case
	ContentType string
	Content     []byte
}

// An Addition is a batch of statements to be stored together or not at all.
type Addition struct {
	Statements  []*statement.Statement
	Attachments []Attachment
	Authority   []byte // JSON, of all of them (Data 2.4.9)
}

// Add stores the statements and returns their ids. One that is there already, and
// says the same, is left as it is.
func (s *Store) Add(ctx context.Context, a Addition) (ids []string, err error) {
	for _, st := range a.Statements {
		id := st.ID()
		if id == "" {
			id = newUUID()
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return ids, nil
	}
	authority, err := statement.ParseActor(a.Authority)
	if err != nil {
		return nil, fmt.Errorf("xapi: the authority: %w", err)
	}
	err = s.commit.do(ctx, func(w *writer) error {
		for _, file := range a.Attachments {
			if err := w.attach(file); err != nil {
				return err
			}
		}
		for i, st := range a.Statements {
			if err := w.add(st, ids[i], authority); err != nil {
				return err
			}
		}
		return w.flush()
	})
	return ids, err
}

// newUUID makes a random UUID (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// add stores one statement with all that it can be found by.
func (w *writer) add(st *statement.Statement, id string, authority statement.Actor) error {
	if seq := w.tx.Bucket(bucketIDs).Get(w.tx.id(bucketIDs, id)); seq != nil {
		return w.compare(st, id, seqOf(seq))
	}
	seq := w.next()
	r := record{
		flags: flagsOf(st),
		json:  st.Complete(statement.Assigned{ID: id, Stored: time.UnixMicro(int64(seq)), Authority: authority.JSON()}),
	}
	if err := w.put(bucketIDs, w.tx.id(bucketIDs, id), seqKey(seq)); err != nil {
		return err
	}
	if err := w.describe(st); err != nil {
		return err
	}
	n := node{st, id, seq, st.TermsUnder(authority)}
	if !st.Voids() && w.tx.Bucket(bucketVoids).Get(w.tx.id(bucketVoids, id)) != nil { // its end came before it did
		if err := w.seal(bucketVoided, seqKey(seq), r.bytes()); err != nil {
			return err
		}
		return w.bequeath(n)
	}
	if err := w.seal(bucketStatements, seqKey(seq), r.bytes()); err != nil {
		return err
	}
	mine := statement.Term{Kind: authorityKind, Value: string(authority.JSON())}
	w.index(seq, append(n.terms, mine))
	return w.link(n)
}

func (w *writer) put(bucket, key, value []byte) error {
	w.changed = true
	return w.tx.Bucket(bucket).Put(key, value)
}

// seal puts what tells of persons, or is content.
func (w *writer) seal(bucket, key, plain []byte) error {
	return w.put(bucket, key, w.tx.seal(bucket, key, plain))
}

// compare: a statement that comes again changes nothing, and is refused if it is
// another one.
func (w *writer) compare(st *statement.Statement, id string, seq uint64) error {
	r, _, err := load(w.tx, seq)
	if err != nil {
		return err
	}
	stored, err := r.statement()
	if err != nil {
		return err
	}
	if !statement.Same(stored, st) {
		return fmt.Errorf("%w: %s", ErrConflict, id)
	}
	return nil
}

// What the index says of a statement and a term.
var (
	own       = []byte{}
	inherited = []byte{1}
)

// index puts terms of a statement where queries look, with those of the others in the
// change: keys that are sorted reach each page once.
func (w *writer) index(seq uint64, terms []statement.Term) {
	for _, t := range terms {
		w.unsorted = append(w.unsorted, withSeq(w.tx.term(t), seq))
	}
}

// flush writes what was indexed. Nobody may look into the index before.
func (w *writer) flush() error {
	slices.SortFunc(w.unsorted, bytes.Compare)
	b := w.tx.Bucket(bucketIndex)
	for _, key := range w.unsorted {
		if err := b.Put(key, own); err != nil {
			return err
		}
	}
	w.unsorted = w.unsorted[:0]
	return nil
}

// indexInherited puts terms that a statement has from its target where queries look.
// What is its own stays so.
func (w *writer) indexInherited(seq uint64, terms []statement.Term) error {
	if err := w.flush(); err != nil {
		return err
	}
	b := w.tx.Bucket(bucketIndex)
	for _, t := range terms {
		key := withSeq(w.tx.term(t), seq)
		if b.Get(key) != nil {
			continue
		}
		if err := b.Put(key, inherited); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) attach(file Attachment) error {
	key := w.tx.name(bucketAttachments, file.SHA2)
	if w.tx.Bucket(bucketAttachments).Get(key) != nil {
		return nil
	}
	return w.seal(bucketAttachments, key, slices.Concat([]byte(file.ContentType), []byte{0}, file.Content))
}

// attachment returns the file with that sum, or ErrNotFound.
func attachment(tx *reader, sha2 string) (Attachment, error) {
	b, err := tx.get(bucketAttachments, tx.name(bucketAttachments, sha2))
	if b == nil && err == nil {
		err = ErrNotFound
	}
	contentType, content, _ := bytes.Cut(b, []byte{0})
	return Attachment{sha2, string(contentType), content}, err
}
