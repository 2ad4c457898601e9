package store

import (
	"context"
	"errors"
	"iter"
)

// Table holds the records of one kind, each under its key: its ID, or the
// bytes of its hash as a string.
type Table[T any] struct{ *records }

func table[T any](s *Store, of func() spec[T]) Table[T] {
	t := Table[T]{&records{store: s, kind: of().kind()}}
	s.byBucket[t.bucket] = t.records
	return t
}

// Get returns the record, or ErrNotFound, ErrSealed or ErrCorrupt.
func (t Table[T]) Get(ctx context.Context, key string) (T, error) {
	return as[T](t.get(ctx, []byte(key)))
}

// Put creates the record or replaces it, inside [Store.Do]. It returns
// ErrExists if a unique value is taken, and ErrConsumed if it would undo or
// move what can happen once, such as a revocation.
func (t Table[T]) Put(ctx context.Context, rec T) error {
	return t.put(t.store.writer(ctx), &rec)
}

// Delete removes the record if it is there, inside [Store.Do].
func (t Table[T]) Delete(ctx context.Context, key string) error {
	t.remove(t.store.writer(ctx), []byte(key))
	return nil
}

// List returns all records in the order of their keys, from one snapshot.
func (t Table[T]) List(ctx context.Context) ([]T, error) {
	all, err := t.list(ctx)
	var list []T
	for _, rec := range all {
		list = append(list, *rec.(*T))
	}
	return list, err
}

// All yields the records in the order of their keys. It reads them in pages
// and holds no snapshot between them, so the loop may take its time, and may
// write. It ends after the first error.
func (t Table[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for rec, err := range t.all(ctx) {
			if !yield(as[T](rec, err)) {
				return
			}
		}
	}
}

// lookup finds a record by an index that is not shared.
func (t Table[T]) lookup(ctx context.Context, ix index[T], value []byte) (T, error) {
	return as[T](t.records.lookup(ctx, ix.lead(), value))
}

// find returns the record, or nil if there is none.
func (t Table[T]) find(ctx context.Context, key []byte) (*T, error) {
	rec, err := t.get(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return rec.(*T), nil
}

// load returns the record, which is the caller's.
func (t Table[T]) load(r Reader, key []byte) (*T, error) {
	rec, err := t.records.load(r, key)
	if err != nil {
		return nil, err
	}
	return rec.(*T), nil
}

// shared returns the record, which is not to be changed.
func (t Table[T]) shared(r Reader, key []byte) (*T, error) {
	rec, _, err := t.records.shared(r, key)
	if err != nil {
		return nil, err
	}
	return rec.(*T), nil
}

func (t Table[T]) put(o *overlay, rec *T) error { return t.records.put(o, rec) }

// as returns a record that is given as any, which is nil if there is an error.
func as[T any](rec any, err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return *rec.(*T), nil
}
