package xapi

import (
	"bytes"
	"context"
	"errors"
	"iter"
)

// Next returns the statements to send next, in the order in which they were stored:
// at most limit of them and, unless a single one is larger, of size bytes together.
// All are of one version. What is to be sent once more comes first; what voids a
// statement that waits itself comes after that one.
func (o *Outbox) Next(ctx context.Context, limit, size int) (batch []Waiting, err error) {
	err = o.store.view(ctx, func(tx *reader) error {
		b := &batcher{outbox: o, tx: tx, limit: limit, size: size}
		if err := b.again(); err != nil {
			return o.errOutbox(err)
		}
		if len(b.batch) == 0 {
			if err := b.inTurn(); err != nil {
				return o.errOutbox(err)
			}
		}
		batch = b.batch
		return nil
	})
	return batch, err
}

// A batcher gathers a batch.
type batcher struct {
	outbox      *Outbox
	tx          *reader
	limit, size int
	batch       []Waiting
}

// errFull ends the gathering.
var errFull = errors.New("the batch is full")

func (b *batcher) again() error {
	return full(b.outbox.settlements(b.tx, func(seq uint64, s *settled) error {
		if !s.Again {
			return nil
		}
		r, _, err := load(b.tx, seq)
		if err != nil {
			return err
		}
		return b.take(seq, r)
	}))
}

func (b *batcher) inTurn() error {
	m, err := b.outbox.mark(b.tx)
	if err != nil {
		return err
	}
	for seq := range inOrder(b.tx, m.Through+1) {
		r, _, err := load(b.tx, seq)
		if err != nil {
			return err
		}
		if err := b.take(seq, r); err != nil {
			return full(err)
		}
	}
	return nil
}

func full(err error) error {
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}

// take adds a statement that is not settled, after the one that it voids.
func (b *batcher) take(seq uint64, r record) error {
	if b.has(seq) {
		return nil
	}
	if s, err := b.outbox.settlement(b.tx, seq); err != nil || s != nil && !s.Again {
		return err
	}
	st, err := r.statement()
	if err != nil {
		return err
	}
	held := ""
	if r.flags&flagVoids != 0 {
		if held, err = b.before(st.Target()); err != nil {
			return err
		}
	}
	fits := len(b.batch) > 0 && len(b.batch) < b.limit && len(r.json) <= b.size && b.batch[0].Version() == st.Version()
	if len(b.batch) > 0 && !fits {
		return errFull
	}
	b.batch, b.size = append(b.batch, Waiting{st, seq, held}), b.size-len(r.json)
	return nil
}

// before makes sure that what is voided comes first. One that the upstream did not
// take must not be voided there: it has another statement of that id.
func (b *batcher) before(target string) (held string, err error) {
	seq, r, _, err := find(b.tx, target)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s, err := b.outbox.settlement(b.tx, seq)
	if err != nil {
		return "", err
	}
	if s != nil && s.Reason != "" && !s.Again {
		return "the statement that it voids is in quarantine", nil
	}
	m, err := b.outbox.mark(b.tx)
	if err != nil || s == nil && seq <= m.Through || r.flags&flagVoids != 0 {
		return "", err
	}
	return "", b.take(seq, r)
}

func (b *batcher) has(seq uint64) bool {
	for _, w := range b.batch {
		if w.Seq == seq {
			return true
		}
	}
	return false
}

// inOrder yields all statements from a seq on, voided ones too, as they were stored.
func inOrder(tx *reader, from uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		a, b := tx.Bucket(bucketStatements).Cursor(), tx.Bucket(bucketVoided).Cursor()
		ak, _ := a.Seek(seqKey(from))
		bk, _ := b.Seek(seqKey(from))
		for ak != nil || bk != nil {
			next, c := &ak, a
			if ak == nil || bk != nil && bytes.Compare(bk, ak) < 0 {
				next, c = &bk, b
			}
			if !yield(seqOf(*next)) {
				return
			}
			*next, _ = c.Next()
		}
	}
}

// Await returns when a statement was stored after the one with that seq, or ctx ends.
func (o *Outbox) Await(ctx context.Context, seq uint64) error {
	for {
		last, moved := o.store.commit.newest()
		if last > seq {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Newest is the seq of the newest statement; 0 if there is none.
func (o *Outbox) Newest() uint64 {
	last, _ := o.store.commit.newest()
	return last
}

// Attachment returns the content of a file that came with statements, or
// [ErrNotFound].
func (o *Outbox) Attachment(ctx context.Context, sha2 string) (file Attachment, err error) {
	err = o.store.view(ctx, func(tx *reader) (err error) {
		file, err = attachment(tx, sha2)
		return err
	})
	return file, err
}
