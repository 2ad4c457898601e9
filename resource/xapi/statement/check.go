package statement

import "strconv"

// A checker holds what the rules depend on.
type checker struct{ version Version }

// A rule says what is wrong with a value, or nothing.
type rule func(v *value) error

// object holds an object to the rules of its properties: it has those required,
// and none without a rule.
func (c *checker) object(v *value, properties func(key string) rule, required ...string) error {
	if v.kind != object {
		return wrong("is not an object")
	}
	for i, key := range v.keys {
		check := properties(key)
		if check == nil {
			return at(key, wrong("is not a property there is here"))
		}
		if err := check(&v.items[i]); err != nil {
			return at(key, err)
		}
	}
	for _, key := range required {
		if !v.has(key) {
			return wrong("has no %q", key)
		}
	}
	return nil
}

// each holds every element of an array to a rule.
func each(v *value, check rule) error {
	if v.kind != array {
		return wrong("is not an array")
	}
	for i := range v.items {
		if err := check(&v.items[i]); err != nil {
			return at(strconv.Itoa(i), err)
		}
	}
	return nil
}

func arrayOf(check rule) rule { return func(v *value) error { return each(v, check) } }

func isText(v *value) error {
	if v.kind != text {
		return wrong("is not a string")
	}
	return nil
}

func isBoolean(v *value) error {
	if v.kind != boolean {
		return wrong("is neither true nor false")
	}
	return nil
}

func isNumber(v *value) error {
	if v.kind != number {
		return wrong("is not a number")
	}
	return nil
}

// formatted is the rule of a string that fits.
func formatted(fits func(string) bool, what string) rule {
	return func(v *value) error {
		if v.kind != text || !fits(v.text) {
			return wrong("is not %s", what)
		}
		return nil
	}
}

var (
	iri      = formatted(IsIRI, "an IRI")
	uuid     = formatted(IsUUID, "a UUID")
	language = formatted(isLanguage, "a language tag (RFC 5646)")
)

func exactly(word string) rule {
	return formatted(func(s string) bool { return s == word }, strconv.Quote(word))
}

func (c *checker) timestamp(v *value) error {
	if _, ok := ParseTimestamp(v.text, c.version); v.kind != text || !ok {
		return wrong("is not a timestamp (ISO 8601)")
	}
	return nil
}

// languageMap: Data 4.2.
func languageMap(v *value) error {
	if v.kind != object {
		return wrong("is not a language map")
	}
	for i, key := range v.keys {
		if !isLanguage(key) {
			return at(key, wrong("is not under a language tag (RFC 5646)"))
		}
		if err := isText(&v.items[i]); err != nil {
			return at(key, err)
		}
	}
	return nil
}

// extensions: Data 4.1. Everything may be in one, even null.
func extensions(v *value) error {
	if v.kind != object {
		return wrong("is not an object")
	}
	for _, key := range v.keys {
		if !IsIRI(key) {
			return at(key, wrong("is not under an IRI"))
		}
	}
	return nil
}
