package xapi

import (
	"bytes"
	"context"
	"encoding/json"
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

// Check reads everything in one snapshot: the pages of the file, each record, and whether
// statements, documents and indexes agree. It changes nothing, and others go on. The
// error is about the check itself, such as the end of ctx.
func (s *Store) Check(ctx context.Context, progress Progress) (Report, error) {
	s.care.Lock()
	defer s.care.Unlock()
	c := &check{ctx: ctx, tally: &tally{progress: progress}}
	err := s.view(ctx, func(tx *reader) error {
		for _, err := range boltfile.Check(tx.Tx) {
			c.problem("file", nil, err)
		}
		return boltfile.Guard(func() error {
			if progress != nil {
				if err := boltfile.Walk(tx.Tx, func() error { c.tally.total++; return ctx.Err() }); err != nil {
					return err
				}
			}
			return c.all(tx)
		})
	})
	c.tally.end()
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
	c.report.Problems = append(c.report.Problems, fmt.Sprintf("learning records, %s %x: %v", bucket, key, what))
}

// A checkedBucket is looked at: what is wrong with a record of it, whose value was opened
// if it was sealed; "" if nothing is.
type checkedBucket struct {
	bucket []byte
	wrong  func(k, v []byte) string
}

// all looks at each bucket.
func (c *check) all(tx *reader) error {
	for _, part := range c.parts(tx) {
		err := tx.Bucket(part.bucket).ForEach(func(k, v []byte) error {
			c.report.Records++
			c.tally.one()
			if tx.aeads[string(part.bucket)] != nil {
				plain, err := tx.open(part.bucket, k, v)
				if err != nil {
					c.problem(string(part.bucket), k, ErrSealed)
					return c.ctx.Err()
				}
				v = plain
			}
			if what := part.wrong(k, v); what != "" {
				c.problem(string(part.bucket), k, what)
			}
			return c.ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *check) parts(tx *reader) []checkedBucket {
	stored := func(seq []byte) bool {
		return tx.Bucket(bucketStatements).Get(seq) != nil || tx.Bucket(bucketVoided).Get(seq) != nil
	}
	isStatement := func(k, v []byte) string {
		var st struct{ ID string }
		switch {
		case len(v) < 2 || json.Unmarshal(v[1:], &st) != nil:
			return "is no statement"
		case st.ID == "" || !bytes.Equal(tx.Bucket(bucketIDs).Get(tx.id(bucketIDs, st.ID)), k):
			return "is not in the index of ids"
		}
		return ""
	}
	leads := func(there func(k, v []byte) bool) func(k, v []byte) string {
		return func(k, v []byte) string {
			if !there(k, v) {
				return "leads to no record"
			}
			return ""
		}
	}
	isDocument := func(_, v []byte) string {
		if _, err := readKept(v); err != nil {
			return "is no document"
		}
		return ""
	}
	isJSON := func(_, v []byte) string {
		if !json.Valid(v) {
			return "is no JSON"
		}
		return ""
	}
	return []checkedBucket{
		{bucketStatements, isStatement},
		{bucketVoided, isStatement},
		{bucketIDs, leads(func(_, v []byte) bool { return stored(v) })},
		{bucketIndex, leads(func(k, _ []byte) bool { return len(k) > 8 && tx.Bucket(bucketStatements).Get(k[len(k)-8:]) != nil })},
		{bucketRefs, leads(func(k, _ []byte) bool { return len(k) > 8 && stored(k[len(k)-8:]) })},
		{bucketVoids, leads(func(_, v []byte) bool { return stored(v) })},
		{bucketDocuments, isDocument},
		{bucketAttachments, func(_, v []byte) string {
			if bytes.IndexByte(v, 0) < 0 {
				return "is no attachment"
			}
			return ""
		}},
		{bucketActivities, isJSON}, {bucketPersons, isJSON}, {bucketUpstreams, isJSON}, {bucketChanges, isJSON},
		{bucketChanged, leads(func(_, v []byte) bool { return tx.Bucket(bucketChanges).Get(v) != nil })},
	}
}
