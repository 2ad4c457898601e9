package xapi

import (
	"bytes"
	"context"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// A Query asks for statements (Communication 2.1.3), newest first.
type Query struct {
	Terms     []statement.Term // each must be met
	Authority []byte           // only statements of this authority, if not nil
	Since     time.Time        // only what was stored after it, if not zero
	Until     time.Time        // only what was stored at or before it, if not zero
	Ascending bool             // oldest first
	After     uint64           // the Next of the page before; 0 for the first page
	Limit     int              // statements of a page, at least 1
	Files     bool             // the attachments count as a part of the page
}

// maxPage is how large a page may become, in bytes; it has one statement at least.
const maxPage = 8 << 20

// A Page is a part of the answer to a query.
type Page struct {
	Statements []Record
	Next       uint64 // where the next page begins; 0 if there is none
}

// A Record is a statement as it is kept.
type Record struct {
	JSON    []byte
	Version statement.Version // by whose rules it is good
}

func (r record) export() Record {
	version := statement.V1
	if r.flags&flagSecond != 0 {
		version = statement.V2
	}
	return Record{r.json, version}
}

// Statement returns the statement with that UUID, if it is voided or not as asked;
// else the error is [ErrNotFound].
func (s *Store) Statement(ctx context.Context, id string, wantVoided bool) (found Record, err error) {
	err = s.view(ctx, func(tx *reader) error {
		_, r, voided, err := find(tx, id)
		if err == nil && voided != wantVoided {
			err = ErrNotFound
		}
		if err == nil {
			found = r.export()
		}
		return err
	})
	return found, err
}

// Query returns a page. Voided statements are in none.
func (s *Store) Query(ctx context.Context, q Query) (page Page, err error) {
	err = s.view(ctx, func(tx *reader) error {
		w := q.walk(tx)
		size := 0
		for seq, ok := w.first(); ok; seq, ok = w.next(seq) {
			if err := ctx.Err(); err != nil {
				return err
			}
			r, matches, err := w.judge(seq)
			if err != nil {
				return err
			}
			if !matches {
				continue
			}
			more, err := w.weight(r)
			if err != nil {
				return err
			}
			if size += more; len(page.Statements) == q.Limit || w.last != 0 && size > maxPage {
				page.Next = w.last
				return nil
			}
			page.Statements = append(page.Statements, r.export())
			w.last = seq
		}
		return nil
	})
	return page, err
}

// weight is the size of a statement in a page.
func (w *walk) weight(r record) (int, error) {
	size := len(r.json)
	if !w.Files {
		return size, nil
	}
	st, err := r.statement()
	if err != nil {
		return 0, err
	}
	for _, a := range st.Attachments() {
		size += len(w.tx.Bucket(bucketAttachments).Get(w.tx.name(bucketAttachments, a.SHA2)))
	}
	return size, nil
}

// Through returns the moment up to which all that is stored can be seen
// (Communication 2.1.3, X-Experience-API-Consistent-Through).
func (s *Store) Through() time.Time { return s.commit.through() }

// bounds are the lowest and the highest seq that q wants.
func (q Query) bounds() (low, high uint64) {
	low, high = 1, math.MaxUint64-1
	if !q.Since.IsZero() {
		low = micros(q.Since) + 1
	}
	if !q.Until.IsZero() {
		high = micros(q.Until)
	}
	switch {
	case q.After == 0:
	case q.Ascending:
		low = max(low, q.After+1)
	default:
		high = min(high, q.After-1)
	}
	return low, high
}

func micros(t time.Time) uint64 { return uint64(max(t.UnixMicro(), 0)) }

// A walk is the way through several indexes at once.
type walk struct {
	Query
	tx        *reader
	tracks    []track
	low, high uint64
	last      uint64 // the last that was taken
}

func (q Query) walk(tx *reader) *walk {
	w := &walk{Query: q, tx: tx}
	w.low, w.high = q.bounds()
	for _, t := range w.terms() {
		w.tracks = append(w.tracks, track{cursor: tx.Bucket(bucketIndex).Cursor(), prefix: tx.term(t)})
	}
	if len(w.tracks) == 0 {
		w.tracks = []track{{cursor: tx.Bucket(bucketStatements).Cursor()}}
	}
	return w
}

// terms are those a statement must have itself: what it inherits counts for the
// others, but not for whose it is.
func (q Query) terms() []statement.Term {
	if q.Authority == nil {
		return q.Terms
	}
	return append([]statement.Term{{Kind: authorityKind, Value: string(q.Authority)}}, q.Terms...)
}

func (w *walk) first() (uint64, bool) {
	if w.Ascending {
		return w.settle(w.low)
	}
	return w.settle(w.high)
}

func (w *walk) next(seq uint64) (uint64, bool) {
	if w.Ascending {
		return w.settle(seq + 1)
	}
	return w.settle(seq - 1)
}

// settle returns the first seq from the given one on that is in every track: each
// track in turn jumps to where the last one stands, until all stand there.
func (w *walk) settle(seq uint64) (uint64, bool) {
	for agreed := 0; agreed < len(w.tracks); {
		for i := range w.tracks {
			at, ok := w.tracks[i].seek(seq, w.Ascending)
			if !ok || at < w.low || at > w.high {
				return 0, false
			}
			if at == seq {
				agreed++
			} else {
				agreed, seq = 1, at
			}
			if agreed >= len(w.tracks) {
				break
			}
		}
	}
	return seq, true
}

// judge loads a statement that is in every track. If it is there by what it
// inherits, one statement of the chain must meet all terms by itself.
func (w *walk) judge(seq uint64) (r record, matches bool, err error) {
	r, _, err = load(w.tx, seq)
	if err != nil || len(w.Terms) < 2 || r.flags&flagRefers == 0 || w.owned(seq) {
		return r, err == nil, err
	}
	st, err := r.statement()
	if err != nil {
		return r, false, err
	}
	err = follow(w.tx, st.Target(), func(target *statement.Statement) bool {
		matches = hasAll(target.Terms(), w.Terms)
		return !matches
	})
	return r, matches, err
}

func (w *walk) owned(seq uint64) bool {
	for _, t := range w.Terms {
		if len(w.tx.Bucket(bucketIndex).Get(withSeq(w.tx.term(t), seq))) > 0 {
			return false
		}
	}
	return true
}

func hasAll(terms, wanted []statement.Term) bool {
	has := map[statement.Term]bool{}
	for _, t := range terms {
		has[t] = true
	}
	for _, t := range wanted {
		if !has[t] {
			return false
		}
	}
	return true
}

// A track is the seqs below one prefix, in order.
type track struct {
	cursor *bbolt.Cursor
	prefix []byte
}

// seek goes to seq, or to the next one there is.
func (t *track) seek(seq uint64, ascending bool) (uint64, bool) {
	k := t.land(seq, ascending)
	if k == nil || !bytes.HasPrefix(k, t.prefix) {
		return 0, false
	}
	return seqOf(k), true
}

// land puts the cursor on seq, or on the key after it or before it.

func (t *track) land(seq uint64, ascending bool) []byte {
	target := withSeq(t.prefix, seq)
	k, _ := t.cursor.Seek(target)
	if ascending || bytes.Equal(k, target) {
		return k
	}
	if k == nil {
		k, _ = t.cursor.Last()
		return k
	}
	k, _ = t.cursor.Prev()
	return k
}
