package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// maxProblems bounds how many problems a check tells one by one.
const maxProblems = 100

// A Report is what a check has found.
type Report struct {
	Records  int      // looked at, entries of indexes among them
	Problems []string // the first 100; empty if all is well
	More     int      // problems beside those
}

// Check reads everything in one snapshot: the pages of the file, each record,
// whether its seal is whole, and whether records and indexes agree. It changes
// nothing, and others go on. The error is about the check itself, such as the
// end of ctx; what is wrong with the store is in the report.
func (s *Store) Check(ctx context.Context, progress Progress) (Report, error) {
	c := &check{ctx: ctx, tally: s.tally(progress)}
	defer c.tally.end()
	if e, ok := s.engine.(interface{ check() []error }); ok {
		for _, err := range e.check() {
			c.problem("file", nil, err)
		}
	}
	err := boltfile.Guard(func() error {
		return s.engine.View(func(r Reader) error { return s.checkAll(r, c) })
	})
	return c.report, err
}

type check struct {
	ctx    context.Context
	tally  *tally
	report Report
}

func (c *check) problem(bucket string, key []byte, what any) {
	if len(c.report.Problems) == maxProblems {
		c.report.More++
		return
	}
	c.report.Problems = append(c.report.Problems, fmt.Sprintf("%s %x: %v", bucket, key, what))
}

// each calls fn for all keys of a bucket, until the context ends.
func (c *check) each(r Reader, bucket string, fn func(key, value []byte)) error {
	for key, value := range r.Scan(bucket, Range{}) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		c.report.Records++
		c.tally.one()
		fn(key, value)
	}
	return nil
}

func (s *Store) checkAll(r Reader, c *check) error {
	for _, t := range s.byBucket {
		if err := t.check(r, c); err != nil {
			return err
		}
	}
	err := c.each(r, eventsBucket, func(key, value []byte) {
		if _, err := s.Events.open(key, value); err != nil {
			c.problem(eventsBucket, key, err)
		}
	})
	if err != nil {
		return err
	}
	return c.each(r, expiryBucket, func(entry, _ []byte) {
		bucket, key, ok := expiryTarget(entry)
		if !ok || s.byBucket[bucket] == nil || !s.byBucket[bucket].expiresAt(r, key, entry) {
			c.problem(expiryBucket, entry, "leads to no record")
		}
	})
}

// check looks at the records of the table, and at its indexes from both sides.
func (t *records) check(r Reader, c *check) error {
	err := c.each(r, t.bucket, func(key, value []byte) {
		rec, _, err := t.decode(key, value)
		if err != nil {
			c.problem(t.bucket, key, err)
			return
		}
		for _, ix := range t.indexes {
			if v := ix.key(rec); v != nil && !bytes.Equal(t.holder(r, ix, v, key), key) {
				c.problem(t.bucket, key, "is not in the index "+ix.bucket)
			}
		}
		if e := t.expiryKey(key, rec); e != nil && r.Get(expiryBucket, e) == nil {
			c.problem(t.bucket, key, "is not in the index of expiry")
		}
	})
	for _, ix := range t.indexes {
		if err != nil {
			break
		}
		err = c.each(r, ix.bucket, func(entry, key []byte) {
			rec, err := t.load(r, key)
			if err != nil || !containsBytes(t.entries(ix, ix.key(rec), key), entry) {
				c.problem(ix.bucket, entry, "leads to no record")
			}
		})
	}
	return err
}

// expiresAt tells whether the entry in the index of expiry is the record's. One
// that cannot be read was a problem already.
func (t *records) expiresAt(r Reader, key, entry []byte) bool {
	rec, err := t.load(r, key)
	if err != nil {
		return r.Get(t.bucket, key) != nil
	}
	return bytes.Equal(t.expiryKey(key, rec), entry)
}

func (t *records) indexBuckets() []string {
	buckets := make([]string, len(t.indexes))
	for i, ix := range t.indexes {
		buckets[i] = ix.bucket
	}
	return buckets
}

func containsBytes(all [][]byte, b []byte) bool {
	for _, x := range all {
		if bytes.Equal(x, b) {
			return true
		}
	}
	return false
}
