package statement

// Portable returns the JSON of s to be sent to another store, as it is kept but for
// what each store assigns by itself: when it was stored there, and on whose word.
func (s *Statement) Portable() []byte {
	out := []byte{'{'}
	for i, key := range s.root.keys {
		if key == "stored" || key == "authority" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, quote(key)...), ':')
		out = append(out, s.root.items[i].raw...)
	}
	return append(out, '}')
}
