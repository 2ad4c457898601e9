package statement

import (
	"bytes"
	"strings"
)

// A transform writes a value anew; nil keeps it.
type transform func(v *value) []byte

// rewrite writes an object with some members changed. A transform that returns
// nothing leaves the member out.
func rewrite(v *value, of func(key string) transform) []byte {
	if v == nil || v.kind != object {
		return nil
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for i, key := range v.keys {
		text := v.items[i].raw
		if change := of(key); change != nil {
			if text = change(&v.items[i]); text == nil {
				continue
			}
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(quote(key))
		out.WriteByte(':')
		out.Write(text)
	}
	out.WriteByte('}')
	return out.Bytes()
}

// elements changes every element of an array.
func elements(change transform) transform {
	return func(v *value) []byte {
		parts := make([][]byte, 0, len(v.list()))
		for _, item := range v.list() {
			parts = append(parts, change(&item))
		}
		return bytes.Join([][]byte{{'['}, bytes.Join(parts, []byte{','}), {']'}}, nil)
	}
}

// keep writes only the members with these keys.
func keep(keys ...string) transform {
	return func(v *value) []byte {
		return rewrite(v, func(key string) transform {
			for _, k := range keys {
				if k == key {
					return nil
				}
			}
			return func(*value) []byte { return nil }
		})
	}
}

// A view changes the parts of a statement for a format.
type view struct {
	actor, verb, activity, attachment transform
}

func (w view) statement(v *value) []byte {
	return rewrite(v, func(key string) transform {
		switch key {
		case "actor", "authority":
			return w.actor
		case "verb":
			return w.verb
		case "object":
			return w.object
		case "context":
			return w.context
		case "attachments":
			return elements(w.attachment)
		}
		return nil
	})
}

func (w view) object(v *value) []byte {
	switch v.get("objectType").str() {
	case "", activityType:
		return w.activity(v)
	case agentType, groupType:
		return w.actor(v)
	case subStatementType:
		return w.statement(v)
	}
	return v.raw
}

func (w view) context(v *value) []byte {
	return rewrite(v, func(key string) transform {
		switch key {
		case "instructor", "team":
			return w.actor
		case "contextActivities":
			return func(v *value) []byte {
				return rewrite(v, func(string) transform { return elements(w.activity) })
			}
		case "contextAgents", "contextGroups":
			return elements(w.relevant)
		}
		return nil
	})
}

func (w view) relevant(v *value) []byte {
	return rewrite(v, func(key string) transform {
		if key == "agent" || key == "group" {
			return w.actor
		}
		return nil
	})
}

// raw keeps a value.
func raw(v *value) []byte { return v.raw }

// IDs returns s with only what identifies agents, verbs and activities
// (Communication 2.1.3, format=ids).
func (s *Statement) IDs() []byte {
	return view{
		actor:      actorIDs,
		verb:       keep("id"),
		activity:   keep("id"), // what has no type is one
		attachment: raw,
	}.statement(s.root)
}

func actorIDs(v *value) []byte {
	if identified(v) > 0 {
		return keep(append([]string{"objectType"}, identifiers...)...)(v)
	}
	return rewrite(v, func(key string) transform {
		switch key {
		case "objectType":
			return nil
		case "member":
			return elements(actorIDs)
		}
		return func(*value) []byte { return nil }
	})
}

// Canonical returns s with the definitions the store has of its activities
// and with one language in each language map, the first there is of those
// preferred (format=canonical). A definition of nil leaves the activity's own.
func (s *Statement) Canonical(definition func(activityID string) []byte, preferred []string) []byte {
	maps := languageMaps(preferred)
	activity := func(v *value) []byte {
		own := v.get("definition")
		if known := definition(v.get("id").str()); known != nil {
			if root, err := parse(known); err == nil {
				own = root
			}
		}
		return withDefinition(v, own, maps)
	}
	return view{
		actor:      raw,
		verb:       func(v *value) []byte { return rewrite(v, maps) },
		activity:   activity,
		attachment: func(v *value) []byte { return rewrite(v, maps) },
	}.statement(s.root)
}

func withDefinition(activity, definition *value, maps func(string) transform) []byte {
	out := keep("objectType", "id")(activity)
	if definition == nil {
		return out
	}
	text := rewrite(definition, func(key string) transform {
		switch key {
		case "choices", "scale", "source", "target", "steps":
			return elements(func(v *value) []byte { return rewrite(v, maps) })
		}
		return maps(key)
	})
	return bytes.Join([][]byte{out[:len(out)-1], []byte(`,"definition":`), text, {'}'}}, nil)
}

// languageMaps shortens the language maps among the members of an object.
func languageMaps(preferred []string) func(key string) transform {
	return func(key string) transform {
		switch key {
		case "display", "name", "description":
			return func(v *value) []byte { return oneLanguage(v, preferred) }
		}
		return nil
	}
}

// oneLanguage keeps the entry that a reader wants most: by the ranges of RFC 4647
// section 3.3.1 in their order, or else the first.
func oneLanguage(v *value, preferred []string) []byte {
	if len(v.keys) < 2 {
		return v.raw
	}
	for _, wanted := range preferred {
		for _, key := range v.keys {
			if matchesRange(key, wanted) {
				return keep(key)(v)
			}
		}
	}
	return keep(v.keys[0])(v)
}

func matchesRange(tag, wanted string) bool {
	tag, wanted = strings.ToLower(tag), strings.ToLower(wanted)
	return wanted == "*" || tag == wanted || strings.HasPrefix(tag, wanted+"-")
}
