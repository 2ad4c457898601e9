package xapi

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// Flags of a record.
const (
	flagRefers byte = 1 << iota // its object is a statement
	flagVoids                   // it voids that statement
	flagSecond                  // it came by version 2.0
)

// A record is a statement as it is kept.
type record struct {
	flags byte
	json  []byte
}

func flagsOf(st *statement.Statement) (flags byte) {
	if st.Target() != "" {
		flags |= flagRefers
	}
	if st.Voids() {
		flags |= flagVoids
	}
	if st.Version() == statement.V2 {
		flags |= flagSecond
	}
	return flags
}

func (r record) bytes() []byte {
	return append(append(make([]byte, 0, len(r.json)+1), r.flags), r.json...)
}

func readRecord(b []byte) record { return record{b[0], b[1:]} }

// statement reads the JSON again.
func (r record) statement() (*statement.Statement, error) {
	version := statement.V1
	if r.flags&flagSecond != 0 {
		version = statement.V2
	}
	st, err := statement.Parse(r.json, version)
	if err != nil {
		return nil, fmt.Errorf("xapi: a stored statement is broken: %w", err)
	}
	return st, nil
}

// load returns the statement with that seq. It is good until the transaction ends.
func load(tx *bbolt.Tx, seq uint64) (r record, voided bool, err error) {
	key := seqKey(seq)
	if b := tx.Bucket(bucketStatements).Get(key); b != nil {
		return readRecord(b), false, nil
	}
	if b := tx.Bucket(bucketVoided).Get(key); b != nil {
		return readRecord(b), true, nil
	}
	return r, false, ErrNotFound
}

// find returns the statement with that UUID.
func find(tx *bbolt.Tx, id string) (seq uint64, r record, voided bool, err error) {
	b := tx.Bucket(bucketIDs).Get(uuidKey(id))
	if b == nil {
		return 0, r, false, ErrNotFound
	}
	seq = seqOf(b)
	r, voided, err = load(tx, seq)
	return seq, r, voided, err
}

// clone is r after the transaction.
func (r record) clone() record { return record{r.flags, bytes.Clone(r.json)} }
