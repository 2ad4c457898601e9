package xapi

import (
	"context"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

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
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		for _, err := range boltfile.Check(tx) {
			c.problem("file", nil, err)
		}
		return boltfile.Guard(func() error {
			if progress != nil {
				if err := boltfile.Walk(tx, func() error { c.tally.total++; return ctx.Err() }); err != nil {
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

// all looks at each bucket.
func (c *check) all(tx *bbolt.Tx) error {
	stored := func(seq []byte) bool {
		return tx.Bucket(bucketStatements).Get(seq) != nil || tx.Bucket(bucketVoided).Get(seq) != nil
	}
	isStatement := func(_, v []byte) string {
		var st struct{ ID string }
		switch {
		case len(v) < 2 || json.Unmarshal(v[1:], &st) != nil:
			return "is no statement"
		case st.ID == "" || tx.Bucket(bucketIDs).Get(uuidKey(st.ID)) == nil:
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
	for _, part := range []struct {
		bucket []byte
		wrong  func(k, v []byte) string
	}{
		{bucketStatements, isStatement},
		{bucketVoided, isStatement},
		{bucketIDs, leads(func(_, v []byte) bool { return stored(v) })},
		{bucketIndex, leads(func(k, _ []byte) bool { return len(k) > 8 && tx.Bucket(bucketStatements).Get(k[len(k)-8:]) != nil })},
		{bucketRefs, leads(func(k, _ []byte) bool { return len(k) > 8 && stored(k[len(k)-8:]) })},
		{bucketVoids, leads(func(_, v []byte) bool { return stored(v) })},
		{bucketDocuments, func(_, v []byte) string {
			if len(v) < 9 {
				return "is no document"
			}
			return ""
		}},
		{bucketAttachments, nil}, {bucketActivities, nil}, {bucketPersons, nil}, {bucketUpstreams, nil}, {bucketChanges, nil}, {bucketChanged, nil},
	} {
		err := tx.Bucket(part.bucket).ForEach(func(k, v []byte) error {
			c.report.Records++
			c.tally.one()
			if part.wrong != nil {
				if what := part.wrong(k, v); what != "" {
					c.problem(string(part.bucket), k, what)
				}
			}
			return c.ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}
