package xapi

import (
	"bytes"
	"cmp"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// Each document that was ever changed has one entry in bucketChanges, where its last
// change is: the outboxes of all upstreams are marks in that row. One that was removed
// stays in it as long as there is an upstream that may have it.

// noteChange puts a document to the end of the row.
func (w *writer) noteChange(n DocumentName, removed bool) error {
	key := n.bytes()
	if removed && !w.sentAnywhere(key) {
		return w.forgetChange(key)
	}
	if seq := w.tx.Bucket(bucketChanged).Get(key); seq != nil {
		if err := w.tx.Bucket(bucketChanges).Delete(seq); err != nil {
			return err
		}
	}
	seq := seqKey(w.next())
	if err := w.putJSON(bucketChanges, seq, n); err != nil {
		return err
	}
	return w.put(bucketChanged, key, seq)
}

// sentAnywhere reports whether there is an upstream that may have the document.
func (w *writer) sentAnywhere(document []byte) bool {
	for key := range upstreamKeys(w.tx, copyPart, document) {
		if w.tx.Bucket(bucketUpstreams).Get(key) != nil {
			return true
		}
	}
	return false
}

// upstreamKeys yields where a part about a document is, for each upstream there is.
func upstreamKeys(tx *bbolt.Tx, part byte, document []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := tx.Bucket(bucketUpstreams).Cursor()
		for k, _ := c.First(); k != nil; {
			name, _, _ := bytes.Cut(k, []byte{0})
			next := slices.Concat(name, []byte{1})
			if !yield(slices.Concat(name, []byte{0, part}, document)) {
				return
			}
			k, _ = c.Seek(next)
		}
	}
}

// forgetChange takes a document out of the row, and out of quarantine.
func (w *writer) forgetChange(document []byte) error {
	seq := w.tx.Bucket(bucketChanged).Get(document)
	if seq == nil {
		return nil
	}
	w.changed = true
	for key := range upstreamKeys(w.tx, refusedPart, document) {
		if err := w.tx.Bucket(bucketUpstreams).Delete(key); err != nil {
			return err
		}
	}
	if err := w.tx.Bucket(bucketChanges).Delete(seq); err != nil {
		return err
	}
	return w.tx.Bucket(bucketChanged).Delete(document)
}

// forgetRemoved does so if the document is removed, and no upstream may have it.
func (w *writer) forgetRemoved(document []byte) error {
	if w.tx.Bucket(bucketDocuments).Get(document) != nil || w.sentAnywhere(document) {
		return nil
	}
	return w.forgetChange(document)
}

// maxSearched bounds how many statements are looked at for the names of documents.
const maxSearched = 100_000

// nameDocuments makes the row of a file that is from before there was one. Its
// documents have keys alone, which are hashes of whose they are: the names are
// looked for in the statements, the newest first. A document that none speaks of is
// in the row once it is changed.
func nameDocuments(tx *bbolt.Tx) error {
	if k, _ := tx.Bucket(bucketChanges).Cursor().First(); k != nil {
		return nil // it has one
	}
	unnamed := map[string][][]byte{} // keys by what they begin with
	c := tx.Bucket(bucketDocuments).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		start := string(k[:1+hashSize])
		unnamed[start] = append(unnamed[start], bytes.Clone(k))
	}
	var named []DocumentName
	search := func(p Place) {
		start := string(p.prefix(true)[:1+hashSize])
		for _, key := range unnamed[start] {
			named = append(named, p.nameOf(key))
		}
		delete(unnamed, start)
	}
	for _, bucket := range [][]byte{bucketStatements, bucketVoided} {
		c := tx.Bucket(bucket).Cursor()
		k, v := c.Last()
		for n := 0; k != nil && n < maxSearched && len(unnamed) > 0; n++ {
			if st, err := readRecord(v).statement(); err == nil {
				searchPlaces(st, search)
			}
			k, v = c.Prev()
		}
	}
	updated := func(n DocumentName) uint64 {
		return micros(readDocument(tx.Bucket(bucketDocuments).Get(n.bytes())).Updated)
	}
	slices.SortFunc(named, func(a, b DocumentName) int { return cmp.Compare(updated(a), updated(b)) })
	last := newestSeq(tx)
	w := newWriter(tx, &last)
	for _, n := range named {
		if err := w.noteChange(n, false); err != nil {
			return err
		}
	}
	return nil
}

// searchPlaces visits all places that a statement has the names of.
func searchPlaces(st *statement.Statement, visit func(Place)) {
	var activities, agents []string
	for _, t := range st.Terms() {
		switch t.Kind {
		case statement.RelatedActivity:
			activities = append(activities, t.Value)
		case statement.RelatedAgent:
			agents = append(agents, t.Value)
		}
	}
	for _, agent := range agents {
		visit(Place{Resource: AgentProfile, Agent: agent})
		for _, activity := range activities {
			visit(Place{Resource: State, Activity: activity, Agent: agent})
		}
	}
	for _, activity := range activities {
		visit(Place{Resource: ActivityProfile, Activity: activity})
	}
}
