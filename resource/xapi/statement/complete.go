package statement

import (
	"bytes"
	"slices"
	"time"
)

// Assigned is what a store gives a statement (Data 2.3.1).
type Assigned struct {
	ID        string // used if the statement has none
	Stored    time.Time
	Authority []byte // JSON
}

// timeFormat writes what the store assigns: RFC 3339, UTC, to the microsecond.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// FormatTime writes a time as in the property "stored".
func FormatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// Complete returns the JSON to keep: s as it was sent, with what a assigns in
// place of what the sender assumed, a version and a timestamp if there was none,
// and every contextActivities as an array (Data 2.4.6.2). Timestamps become UTC in
// 2.0.
func (s *Statement) Complete(a Assigned) []byte {
	whole := &edited{source: s.root}
	whole.arrays(s.root)
	whole.arrays(s.root.get("object"))
	if s.version == V2 {
		whole.universal(s.root.get("timestamp"))
		whole.universal(s.root.get("object").get("timestamp"))
	}
	stored := quote(FormatTime(a.Stored))
	whole.set("id", quote(a.ID), false)
	whole.set("timestamp", stored, false)
	whole.set("version", quote(s.defaultVersion()), false)
	whole.set("stored", stored, true)
	whole.set("authority", a.Authority, true)
	return whole.bytes()
}

// defaultVersion: Data 2.4.10; 1.0.0 is what all of 1.0 understand.
func (s *Statement) defaultVersion() string {
	if s.version == V1 {
		return "1.0.0"
	}
	return s.version.String()
}

// edited is JSON with some places changed and everything else as it was.
type edited struct {
	source *value
	edits  []edit   // in any order; they do not overlap
	added  [][]byte // members to put at the end
}

type edit struct {
	from, to int // in the source's document
	text     []byte
}

func (e *edited) replace(v *value, text []byte) {
	e.edits = append(e.edits, edit{v.offset, v.offset + len(v.raw), text})
}

// set gives a member a value, if it is not there or may be overwritten.
func (e *edited) set(key string, text []byte, overwrite bool) {
	switch v := e.source.get(key); {
	case v == nil:
		member := append(quote(key), ':')
		e.added = append(e.added, append(member, text...))
	case overwrite:
		e.replace(v, text)
	}
}

// arrays makes arrays of the context activities that are alone.
func (e *edited) arrays(statement *value) {
	activities := statement.get("context").get("contextActivities")
	if activities == nil {
		return
	}
	for i := range activities.items {
		if v := &activities.items[i]; v.kind == object {
			e.replace(v, bytes.Join([][]byte{{'['}, v.raw, {']'}}, nil))
		}
	}
}

func (e *edited) universal(v *value) {
	t, ok := ParseTimestamp(v.str(), V2)
	if _, offset := t.Zone(); ok && offset != 0 {
		e.replace(v, quote(t.UTC().Format(time.RFC3339Nano)))
	}
}

func (e *edited) bytes() []byte {
	slices.SortFunc(e.edits, func(a, b edit) int { return a.from - b.from })
	raw, start := e.source.raw, e.source.offset
	out := make([]byte, 0, len(raw)+512)
	pos := 0
	for _, change := range e.edits {
		out = append(out, raw[pos:change.from-start]...)
		out = append(out, change.text...)
		pos = change.to - start
	}
	out = append(out, bytes.TrimRight(raw[pos:len(raw)-1], " \t\r\n")...)
	for i, member := range e.added {
		if i > 0 || len(e.source.items) > 0 {
			out = append(out, ',')
		}
		out = append(out, member...)
	}
	return append(out, '}')
}
