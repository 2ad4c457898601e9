package statement

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pointerEscape writes a key as a part of a JSON pointer (RFC 6901 section 3).
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

// A value is a piece of JSON that remembers how it was written and where. The
// methods that look into one may be called on nil, which is what is not there.
type value struct {
	kind   kind
	raw    []byte   // as it was written
	offset int      // of raw in the whole
	text   string   // of a string, without escapes
	keys   []string // of an object, in their order
	items  []value  // of an array, or what is under the keys
}

// parse reads JSON as encoding/json does, and refuses what readers disagree
// about: keys that appear twice and strings that are not UTF-8.
func parse(data []byte) (*value, error) {
	if !utf8.Valid(data) {
		return nil, wrong("is not UTF-8")
	}
	if !json.Valid(data) {
		return nil, wrong("is not JSON")
	}
	p := parser{data: data, text: string(data)}
	v, err := p.value()
	return &v, err
}

// A parser walks over JSON that is known to be valid. Strings are parts of one copy
// of it; what is in an object or array is gathered on a stack until it is complete.
type parser struct {
	data  []byte
	text  string
	pos   int
	keys  []string
	items []value
}

// next skips what is between values and returns the byte that follows.
func (p *parser) next() byte {
	for {
		switch c := p.data[p.pos]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			p.pos++
		default:
			return c
		}
	}
}

func (p *parser) value() (v value, err error) {
	first := p.next()
	start := p.pos
	switch first {
	case '{':
		v.kind = object
		err = p.members(&v)
	case '[':
		v.kind = array
		err = p.elements(&v)
	case '"':
		v.kind, v.text = text, p.string()
	case 't', 'f':
		v.kind = boolean
		p.word()
	case 'n':
		p.word()
	default:
		v.kind = number
		p.word()
	}
	v.offset, v.raw = start, p.data[start:p.pos:p.pos]
	return v, err
}

func (p *parser) members(v *value) error {
	p.pos++
	firstKey, firstItem := len(p.keys), len(p.items)
	var many keySet
	for p.next() != '}' {
		key := p.string()
		if many.has(p.keys[firstKey:], key) {
			return at(key, wrong("appears twice"))
		}
		p.next()
		member, err := p.value()
		if err != nil {
			return at(key, err)
		}
		p.keys, p.items = append(p.keys, key), append(p.items, member)
	}
	p.pos++
	v.keys, p.keys = slices.Clone(p.keys[firstKey:]), p.keys[:firstKey]
	v.items, p.items = slices.Clone(p.items[firstItem:]), p.items[:firstItem]
	return nil
}

// A keySet knows the keys an object has so far. A few are quicker looked through
// than looked up; for many, of a sender who means harm, there is a map.
type keySet map[string]struct{}

func (s *keySet) has(keys []string, key string) bool {
	const few = 16
	if len(keys) < few {
		return slices.Contains(keys, key)
	}
	if *s == nil {
		*s = keySet{}
		for _, k := range keys {
			(*s)[k] = struct{}{}
		}
	}
	_, has := (*s)[key]
	(*s)[key] = struct{}{}
	return has
}

func (p *parser) elements(v *value) error {
	p.pos++
	first := len(p.items)
	for p.next() != ']' {
		item, err := p.value()
		if err != nil {
			return at(strconv.Itoa(len(p.items)-first), err)
		}
		p.items = append(p.items, item)
	}
	p.pos++
	v.items, p.items = slices.Clone(p.items[first:]), p.items[:first]
	return nil
}

func (p *parser) string() string {
	start := p.pos
	p.pos++
	until := bytes.IndexByte(p.data[p.pos:], '"')
	if plain := p.text[p.pos : p.pos+until]; strings.IndexByte(plain, '\\') < 0 {
		p.pos += until + 1
		return plain
	}
	for ; p.data[p.pos] != '"'; p.pos++ {
		if p.data[p.pos] == '\\' {
			p.pos++
		}
	}
	p.pos++
	var s string
	_ = json.Unmarshal(p.data[start:p.pos], &s) // it is valid
	return s
}

// word passes a number or one of true, false and null.
func (p *parser) word() {
	end := bytes.IndexAny(p.data[p.pos:], ",]} \t\r\n")
	if end < 0 {
		end = len(p.data) - p.pos
	}
	p.pos += end
}

// get returns what is under key, or nil.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	for i, k := range v.keys {
		if k == key {
			return &v.items[i]
		}
	}
	return nil
}

func (v *value) has(key string) bool { return v.get(key) != nil }

// str returns the string, or "".
func (v *value) str() string {
	if v == nil {
		return ""
	}
	return v.text
}

// list returns the elements of an array, or the value itself as the only one.
func (v *value) list() []value {
	switch {
	case v == nil:
		return nil
	case v.kind == array:
		return v.items
	}
	return []value{*v}
}

func quote(s string) []byte {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can be encoded
	return bytes.TrimRight(b.Bytes(), "\n")
}
