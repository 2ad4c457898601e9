package xapi

import (
	"fmt"

	"github.com/offlineauth/offlineauth/boltfile"
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

func readRecord(b []byte) (record, error) {
	if len(b) < 2 {
		return record{}, fmt.Errorf("xapi: a stored statement is empty: %w", boltfile.ErrCorrupt)
	}
	return record{b[0], b[1:]}, nil
}

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

// load returns the statement with that seq.
func load(tx *reader, seq uint64) (r record, voided bool, err error) {
	key := seqKey(seq)
	b, err := tx.get(bucketStatements, key)
	if b == nil && err == nil {
		voided = true
		b, err = tx.get(bucketVoided, key)
	}
	switch {
	case err != nil:
		return r, false, err
	case b == nil:
		return r, false, ErrNotFound
	}
	r, err = readRecord(b)
	return r, voided, err
}

// find returns the statement with that UUID.
func find(tx *reader, id string) (seq uint64, r record, voided bool, err error) {
	b := tx.Bucket(bucketIDs).Get(tx.id(bucketIDs, id))
	if b == nil {
		return 0, r, false, ErrNotFound
	}
	seq = seqOf(b)
	r, voided, err = load(tx, seq)
	return seq, r, voided, err
}
