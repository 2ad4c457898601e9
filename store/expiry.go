package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// expiryBucket is an index over all tables: the second at which a record has
// expired, its bucket, a zero byte, its key.
const expiryBucket = "expiry"

// remembered is how long a revoked grant or an ended authorization is kept, to
// be shown to the person. It is refused with or without its record.
const remembered = 30 * 24 * time.Hour

// expired tells whether the time is over. The zero time is never.
func expired(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// expiryKey returns the record's entry in the expiry index, or nil.
func (t *records) expiryKey(key []byte, rec any) []byte {
	if t.expires == nil {
		return nil
	}
	at := t.expires(rec)
	if at.IsZero() {
		return nil
	}
	e := expirySecond(at.Add(time.Second - 1)) // the first whole second that is not before
	e = append(e, t.bucket...)
	e = append(e, 0)
	return append(e, key...)
}

// expirySecond is the beginning of all index entries of one second.
func expirySecond(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(at.Unix(), 0)))
}

// expiryTarget splits an index entry into its bucket and key.
func expiryTarget(entry []byte) (bucket string, key []byte, ok bool) {
	if len(entry) < 8 {
		return "", nil, false
	}
	b, key, ok := bytes.Cut(entry[8:], []byte{0})
	return string(b), key, ok
}

// forget deletes what was seen expired, whatever becomes of the transaction of
// ctx, or in one of its own, and returns ErrExpired.
func (t *records) forget(ctx context.Context, key []byte, now time.Time) error {
	seen := t.fail(ErrExpired)
	if tx := transactionOf(ctx); tx != nil {
		forget := func(o *overlay) { t.remove(o, key) }
		forget(t.store.writer(ctx))
		tx.forgot = append(tx.forgot, forget)
		return seen
	}
	err := t.store.Do(ctx, func(ctx context.Context) error {
		o := t.store.writer(ctx)
		if rec, _, err := t.shared(o, key); err == nil && expired(t.expires(rec), now) {
			t.remove(o, key)
		}
		return nil
	})
	return errors.Join(seen, err)
}

// forgetPart changes a record, whatever becomes of the transaction of ctx: for what was
// seen expired in it. One that is gone stays so.
func (t *records) forgetPart(ctx context.Context, key string, change func(rec any)) error {
	forget := func(o *overlay) error {
		rec, err := t.load(o, []byte(key))
		if err != nil {
			return err
		}
		change(rec)
		return t.put(o, rec)
	}
	tx := mustTransaction(ctx)
	if err := forget(t.store.writer(ctx)); err != nil {
		return err
	}
	tx.forgot = append(tx.forgot, func(o *overlay) { forget(o) })
	return nil
}
