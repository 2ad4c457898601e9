package xapi

import (
	"bytes"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// Each document that was ever changed has one entry in bucketChanges, where its last
// change is: the outboxes of all upstreams are marks in that row. One that was removed
// stays in it as long as there is an upstream that may have it.

// noteChange puts a document to the end of the row.
func (w *writer) noteChange(n DocumentName, removed bool) error {
	key := w.tx.document(n)
	if removed && !w.sentAnywhere(key) {
		return w.forgetChange(key)
	}
	if seq := w.tx.Bucket(bucketChanged).Get(key); seq != nil {
		if err := w.tx.Bucket(bucketChanges).Delete(seq); err != nil {
			return err
		}
	}
	seq := seqKey(w.next())
	if err := w.sealJSON(bucketChanges, seq, n); err != nil {
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
func upstreamKeys(tx *reader, part byte, document []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := tx.Bucket(bucketUpstreams).Cursor()
		for k, _ := c.First(); k != nil; {
			upstream := bytes.Clone(k[:hashSize])
			if !yield(slices.Concat(upstream, []byte{part}, document)) {
				return
			}
			k, _ = c.Seek(append(upstream, 0xff)) // behind all of its parts
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
// documents do not say whose they are but by hashes: the names are looked for in the
// statements, the newest first. A document that none speaks of is in the row once it is
// changed.
func nameDocuments(tx *reader) error {
	if k, _ := tx.Bucket(bucketChanges).Cursor().First(); k != nil {
		return nil // it has one
	}
	unnamed := map[string][]keptDocument{} // by their place
	err := tx.visit(bucketDocuments, nil, func(k, plain []byte) error {
		kept, err := readKept(plain)
		kept.Content = nil
		place := string(k[:hashSize])
		unnamed[place] = append(unnamed[place], kept)
		return err
	})
	if err != nil {
		return err
	}
	updated := map[DocumentName]time.Time{}
	search := func(p Place) {
		place := string(tx.place(p))
		for _, kept := range unnamed[place] {
			updated[kept.nameIn(p)] = kept.Updated
		}
		delete(unnamed, place)
	}
	for _, bucket := range [][]byte{bucketStatements, bucketVoided} {
		c := tx.Bucket(bucket).Cursor()
		k, v := c.Last()
		for n := 0; k != nil && n < maxSearched && len(unnamed) > 0; n++ {
			if err := searchIn(tx, bucket, k, v, search); err != nil {
				return err
			}
			k, v = c.Prev()
		}
	}
	last := newestSeq(tx.Tx)
	w := newWriter(tx, &last)
	for _, n := range slices.SortedFunc(maps.Keys(updated), func(a, b DocumentName) int { return updated[a].Compare(updated[b]) }) {
		if err := w.noteChange(n, false); err != nil {
			return err
		}
	}
	return nil
}

// searchIn visits the places that a sealed statement has the names of, if it can be read.
func searchIn(tx *reader, bucket, key, value []byte, visit func(Place)) error {
	plain, err := tx.open(bucket, key, value)
	if err != nil {
		return err
	}
	if r, err := readRecord(plain); err == nil {
		if st, err := r.statement(); err == nil {
			searchPlaces(st, visit)
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
