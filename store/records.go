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
	pageSize = 100     // records that all reads at once
)

// records is what a [Table] does, whatever its records are.
type records struct {
	store *Store
	kind
	recent recent
}

func (t *records) get(ctx context.Context, key []byte) (rec any, err error) {
	err = t.store.read(ctx, func(r Reader) (err error) {
		rec, err = t.load(r, key)
		return err
	})
	return rec, err
}

func (t *records) list(ctx context.Context) (all []any, err error) {
	err = t.store.read(ctx, func(r Reader) error {
		for k, v := range r.Scan(t.bucket, Range{}) {
			rec, _, err := t.decode(k, v)
			if err != nil {
				return err
			}
			all = append(all, rec)
		}
		return nil
	})
	return all, err
}

func (t *records) all(ctx context.Context) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for from := []byte(nil); ; {
			page, last, err := t.page(ctx, from)
			for _, rec := range page {
				if !yield(rec, nil) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) < pageSize {
				return
			}
			from = append(last, 0)
		}
	}
}

func (t *records) page(ctx context.Context, from []byte) (page []any, last []byte, err error) {
	err = t.store.read(ctx, func(r Reader) error {
		for k, v := range r.Scan(t.bucket, Range{From: from}) {
			rec, _, err := t.decode(k, v)
			if err != nil {
				return err
			}
			page, last = append(page, rec), k
			if len(page) == pageSize {
				break
			}
		}
		last = bytes.Clone(last)
		return nil
	})
	return page, last, err
}

func (t *records) lookup(ctx context.Context, ix lead, value []byte) (rec any, err error) {
	err = t.store.read(ctx, func(r Reader) (err error) {
		key := t.holder(r, ix, value, nil)
		if key == nil {
			return t.fail(ErrNotFound)
		}
		rec, err = t.load(r, key)
		return err
	})
	return rec, err
}

// decode returns the record and its JSON.
func (t *records) decode(key, value []byte) (any, []byte, error) {
	if t.sealed {
		plain, err := t.store.ring.Load().open(t.bucket, key, value)
		if err != nil {
			return nil, nil, t.fail(err)
		}
		value = plain
	}
	rec := t.fresh()
	if err := json.Unmarshal(value, rec); err != nil {
		return nil, nil, t.fail(fmt.Errorf("%w: %v", ErrCorrupt, err))
	}
	if !bytes.Equal(t.key(rec), key) { // a record moved to another key
		return nil, nil, t.fail(ErrCorrupt)
	}
	return rec, value, nil
}

func (t *records) put(o *overlay, rec any) error {
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
		t.recent.put(key, opened{value, t.clone(rec), sum})
	}
	return nil
}

// undoes reports whether a mark that was set would be taken away, or moved.
func undoes(at, old time.Time) bool { return !old.IsZero() && !at.Equal(old) }

// write returns what is written: the JSON, or what it is sealed to.
func (t *records) write(o *overlay, key, value []byte) []byte {
	if t.sealed {
		value = t.store.ring.Load().seal(t.bucket, key, value)
	}
	o.put(t.bucket, key, value)
	return value
}

// remove deletes the record with its index entries. One that cannot be read
// is deleted too.
func (t *records) remove(o *overlay, key []byte) {
	if old, _, err := t.shared(o, key); err == nil {
		t.unindex(o, key, old)
	}
	o.delete(t.bucket, key)
}

// sealAnew seals a record that is under an older key by the newest.
func (t *records) sealAnew(o *overlay, key []byte) error {
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

func (t *records) fail(err error) error {
	return fmt.Errorf("store: %s: %w", t.bucket, err)
}
