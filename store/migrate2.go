package store

import "bytes"

// Schema 2 had no index of grants by account or by client, so a login looked at all
// grants there were.

func (s *Store) indexGrants(tx Tx) error { return s.Grants.indexAnew(tx) }

// indexAnew puts the records into the indexes of their table. One that cannot be
// read is left as it is: a check tells of it.
func (t *records) indexAnew(tx Tx) error {
	o := newOverlay(tx)
	for key, value := range tx.Scan(t.bucket, Range{}) {
		key := bytes.Clone(key)
		rec, _, err := t.decode(key, value)
		if err != nil {
			continue
		}
		if err := t.reindex(o, key, rec, rec); err != nil {
			return err
		}
	}
	return o.apply(tx, make(map[string]bool))
}
