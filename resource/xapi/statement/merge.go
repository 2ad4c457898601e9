package statement

import "bytes"

// MergeDefinitions returns what is known of an activity after a statement has
// described it: what is new replaces what was, and language maps grow (Data
// 2.4.4.1). It returns known itself if nothing changes.
func MergeDefinitions(known, said []byte) []byte {
	if bytes.Equal(known, said) { // nearly always
		return known
	}
	old, err := parse(known)
	if err != nil {
		return said
	}
	news, err := parse(said)
	if err != nil || equal(old, news) {
		return known
	}
	merged := mergeMembers(old, news, func(key string) bool { return key == "name" || key == "description" })
	if bytes.Equal(merged, known) {
		return known
	}
	return merged
}

// MergeDocuments returns a JSON object with the members of another put into it;
// ok is false if one of the two is no object (Communication 2.2.s7).
func MergeDocuments(document, posted []byte) (merged []byte, ok bool) {
	old, err := parse(document)
	if err != nil || old.kind != object {
		return nil, false
	}
	news, err := parse(posted)
	if err != nil || news.kind != object {
		return nil, false
	}
	return mergeMembers(old, news, func(string) bool { return false }), true
}

// mergeMembers writes a with the members of b in place of its own or behind
// them; deep names those that are merged in turn.
func mergeMembers(a, b *value, deep func(key string) bool) []byte {
	e := &edited{source: a}
	for i, key := range b.keys {
		mine, theirs := a.get(key), &b.items[i]
		if mine != nil && mine.kind == object && theirs.kind == object && deep(key) {
			e.set(key, mergeMembers(mine, theirs, func(string) bool { return false }), true)
			continue
		}
		e.set(key, theirs.raw, true)
	}
	return e.bytes()
}
