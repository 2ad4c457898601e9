package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

const (
	maxKey   = 4 << 10 // bytes of a record's key
	maxValue = 1 << 20 // bytes of a record
	pageSize = 100     // records that All reads at once
)

// Table holds the records of one kind, each under its key: its ID, or the
// bytes of its hash as a string.
type Table[T any] struct {
	store *Store
	spec[T]
	recent *recent[T]
}

// spec says how records of a kind are kept.
type spec[T any] struct {
	bucket  string
	sealed  bool // encrypted, its indexes too: for what tells of persons, or is secret
	lasting bool // in backups. Never for what can be revoked or used up: a backup would revive it
	key     func(*T) []byte
	expires func(*T) time.Time     // when Sweep may delete it; zero is never. May be nil
	undoes  func(rec, old *T) bool // whether rec in the place of old would undo what can happen once. May be nil
	indexes []index[T]
	clone   func(T) T // as it would be read back, sharing nothing that is changed; nil: it is not remembered opened
}

// An index leads from a value of a record to its key.
type index[T any] struct {
	bucket string
	key    func(*T) []byte // nil: this record is not in the index
	shared bool            // many records may have the value, which is [joined]: each has an entry that ends with its key
}

// Get returns the record, or ErrNotFound, ErrSealed or ErrCorrupt.
func (t Table[T]) Get(ctx context.Context, key string) (T, error) {
	var rec *T
	err := t.store.read(ctx, func(r Reader) (err error) {
		rec, err = t.load(r, []byte(key))
		return err
	})
	if err != nil {
		return *new(T), err
	}
	return *rec, nil
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
	var all []T
	err := t.store.read(ctx, func(r Reader) error {
		for k, v := range r.Scan(t.bucket, Range{}) {
			rec, _, err := t.decode(k, v)
			if err != nil {
				return err
			}
			all = append(all, *rec)
		}
		return nil
	})
	return all, err
}

// All yields the records in the order of their keys. It reads them in pages
// and holds no snapshot between them, so the loop may take its time, and may
// write. It ends after the first error.
func (t Table[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for from := []byte(nil); ; {
			page, last, err := t.page(ctx, from)
			for _, rec := range page {
				if !yield(rec, nil) {
					return
				}
			}
			if err != nil {
				yield(*new(T), err)
				return
			}
			if len(page) < pageSize {
				return
			}
			from = append(last, 0)
		}
	}
}

func (t Table[T]) page(ctx context.Context, from []byte) (page []T, last []byte, err error) {
	err = t.store.read(ctx, func(r Reader) error {
		for k, v := range r.Scan(t.bucket, Range{From: from}) {
			rec, _, err := t.decode(k, v)
			if err != nil {
				return err
			}
			page, last = append(page, *rec), k
			if len(page) == pageSize {
				break
			}
		}
		last = bytes.Clone(last)
		return nil
	})
	return page, last, err
}

// lookup finds a record by an index that is not shared.
func (t Table[T]) lookup(ctx context.Context, ix index[T], value []byte) (T, error) {
	var rec *T
	err := t.store.read(ctx, func(r Reader) (err error) {
		key := t.holder(r, ix, value, nil)
		if key == nil {
			return t.fail(ErrNotFound)
		}
		rec, err = t.load(r, key)
		return err
	})
	if err != nil {
		return *new(T), err
	}
	return *rec, nil
}

// find returns the record, or nil if there is none.
func (t Table[T]) find(ctx context.Context, key []byte) (*T, error) {
	rec, err := t.Get(ctx, string(key))
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &rec, nil
}

// decode returns the record and its JSON.
func (t Table[T]) decode(key, value []byte) (*T, []byte, error) {
	if t.sealed {
		plain, err := t.store.ring.Load().open(t.bucket, key, value)
		if err != nil {
			return nil, nil, t.fail(err)
		}
		value = plain
	}
	rec := new(T)
	if err := json.Unmarshal(value, rec); err != nil {
		return nil, nil, t.fail(fmt.Errorf("%w: %v", ErrCorrupt, err))
	}
	if !bytes.Equal(t.key(rec), key) { // a record moved to another key
		return nil, nil, t.fail(ErrCorrupt)
	}
	return rec, value, nil
}

func (t Table[T]) put(o *overlay, rec *T) error {
	key := t.key(rec)
	if len(key) == 0 || len(key) > maxKey {
		return t.fail(fmt.Errorf("the key has %d bytes, allowed are 1 to %d", len(key), maxKey))
	}
	plain, err := json.Marshal(rec)
	if err != nil {
		return t.fail(err)
	}
	if len(plain) > maxValue {
		return t.fail(fmt.Errorf("the record has %d bytes, allowed are %d", len(plain), maxValue))
	}
	old, oldPlain, err := t.shared(o, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	sum := sha256.Sum256(plain)
	if old != nil && oldPlain == sum {
		return nil
	}
	if old != nil && t.undoes != nil && t.undoes(rec, old) {
		return t.fail(ErrConsumed)
	}
	if err := t.reindex(o, key, old, rec); err != nil {
		return err
	}
	value := t.write(o, key, plain)
	if t.clone != nil {
		own := t.clone(*rec)
		t.recent.put(key, opened[T]{value, &own, sum})
	}
	return nil
}

// undoes reports whether a mark that was set would be taken away, or moved.
func undoes(at, old time.Time) bool { return !old.IsZero() && !at.Equal(old) }

// write returns what is written: the JSON, or what it is sealed to.
func (t Table[T]) write(o *overlay, key, value []byte) []byte {
	if t.sealed {
		value = t.store.ring.Load().seal(t.bucket, key, value)
	}
	o.put(t.bucket, key, value)
	return value
}

// remove deletes the record with its index entries. One that cannot be read
// is deleted too.
func (t Table[T]) remove(o *overlay, key []byte) {
	if old, _, err := t.shared(o, key); err == nil {
		t.unindex(o, key, old)
	}
	o.delete(t.bucket, key)
}

// sealAnew seals a record that is under an older key by the newest.
func (t Table[T]) sealAnew(o *overlay, key []byte) error {
	value := o.Get(t.bucket, key)
	if value == nil {
		return t.fail(ErrNotFound)
	}
	rec, plain, err := t.decode(key, value)
	if err != nil {
		return err
	}
	t.unindex(o, key, rec)
	if err := t.reindex(o, key, nil, rec); err != nil {
		return err
	}
	t.write(o, key, plain)
	return nil
}

func (t Table[T]) isSealed() bool { return t.sealed }

func (t Table[T]) isLasting() bool { return t.lasting }

func (t Table[T]) fail(err error) error {
	return fmt.Errorf("store: %s: %w", t.bucket, err)
}
