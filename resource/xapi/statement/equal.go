package statement

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Same reports whether a and b are the same statement, whatever a store added to
// one of them (Data 2.3.1): the order of members, of a group's and the spelling of
// numbers do not count, nor do id, stored, authority, version and timestamp if only one
// has them, nor what describes verbs and activities.
func Same(a, b *Statement) bool { return same(a.root, b.root, mutable) }

// Equivalent reports whether two statements say the same, as a signature asks of
// its payload (Data 2.6): what a store adds and the attachments do not count.
func Equivalent(a, b *Statement) bool {
	return same(a.root, b.root, append(slices.Clone(mutable), "attachments"))
}

// mutable is what a store may set.
var mutable = []string{"id", "stored", "authority", "version", "timestamp"}

// same compares two statements, but for members that only one has if optional.
func same(a, b *value, optional []string) bool {
	for _, key := range append(slices.Clone(a.keys), b.keys...) {
		av, bv := a.get(key), b.get(key)
		switch {
		case slices.Contains(optional, key) && (av == nil || bv == nil):
		case key == "stored" || key == "authority" || key == "attachments" && slices.Contains(optional, key):
		case av == nil || bv == nil || !equalUnder(key, av, bv):
			return false
		}
	}
	return true
}

func equalUnder(key string, a, b *value) bool {
	switch key {
	case "timestamp":
		at, aok := ParseTimestamp(a.text, V1)
		bt, bok := ParseTimestamp(b.text, V1)
		return aok && bok && at.Equal(bt)
	case "id":
		return strings.EqualFold(a.text, b.text)
	case "verb":
		return a.get("id").str() == b.get("id").str()
	case "object":
		return sameObject(a, b)
	case "context":
		return sameContexts(a, b)
	case "result":
		return sameResults(a, b)
	}
	return equal(a, b)
}

func sameObject(a, b *value) bool {
	kind := func(v *value) string {
		if k := v.get("objectType").str(); k != "" {
			return k
		}
		return activityType
	}
	switch {
	case kind(a) != kind(b):
		return false
	case kind(a) == activityType:
		return a.get("id").str() == b.get("id").str()
	case kind(a) == subStatementType:
		return same(a, b, nil)
	}
	return equal(a, b)
}

// sameContexts compares contexts. An activity may be written for an array of one.
func sameContexts(a, b *value) bool {
	return sameMembers(a, b, func(key string, x, y *value) bool {
		if key == "contextActivities" {
			return sameMembers(x, y, sameActivities)
		}
		return equal(x, y)
	})
}

func sameActivities(_ string, a, b *value) bool {
	return slices.EqualFunc(a.list(), b.list(), func(x, y value) bool { return x.get("id").str() == y.get("id").str() })
}

// sameResults compares results. Durations are the same if they are to a hundredth
// of a second (Data 4.6).
func sameResults(a, b *value) bool {
	return sameMembers(a, b, func(key string, x, y *value) bool {
		if key == "duration" {
			return hundredths(x.text) == hundredths(y.text)
		}
		return equal(x, y)
	})
}

// hundredths cuts the fraction of a duration's seconds.
func hundredths(duration string) string {
	point := strings.IndexAny(duration, ".,")
	if point < 0 || !strings.HasSuffix(duration, "S") {
		return duration
	}
	fraction := strings.TrimRight(duration[point+1 : len(duration)-1][:min(2, len(duration)-point-2)], "0")
	if fraction == "" {
		return duration[:point] + "S"
	}
	return duration[:point] + "." + fraction + "S"
}

// sameMembers compares two objects member by member.
func sameMembers(a, b *value, same func(key string, x, y *value) bool) bool {
	if a.kind != b.kind || len(a.keys) != len(b.keys) {
		return false
	}
	for i, key := range a.keys {
		if other := b.get(key); other == nil || !same(key, &a.items[i], other) {
			return false
		}
	}
	return true
}

// equal compares JSON by its meaning.
func equal(a, b *value) bool { return bytes.Equal(canonical(nil, a), canonical(nil, b)) }

// canonical writes JSON in the one way that all of the same meaning share: members
// in the order of their keys, numbers as floating point, a group's members sorted.
func canonical(out []byte, v *value) []byte {
	switch v.kind {
	case object:
		order := make([]int, len(v.keys))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int { return strings.Compare(v.keys[i], v.keys[j]) })
		out = append(out, '{')
		for _, i := range order {
			out = append(append(out, quote(v.keys[i])...), ':')
			out = append(canonicalMember(out, v.keys[i], &v.items[i]), ',')
		}
		return append(out, '}')
	case array:
		out = append(out, '[')
		for i := range v.items {
			out = append(canonical(out, &v.items[i]), ',')
		}
		return append(out, ']')
	case text:
		return append(out, quote(v.text)...)
	case number:
		f, _ := strconv.ParseFloat(string(v.raw), 64)
		return strconv.AppendFloat(out, f, 'g', -1, 64)
	}
	return append(out, v.raw...)
}

// canonicalMember: in what order a group has its members means nothing.
func canonicalMember(out []byte, key string, v *value) []byte {
	if key != "member" || v.kind != array {
		return canonical(out, v)
	}
	members := make([][]byte, len(v.items))
	for i := range v.items {
		members[i] = canonical(nil, &v.items[i])
	}
	slices.SortFunc(members, bytes.Compare)
	return append(out, bytes.Join(members, []byte{','})...)
}
