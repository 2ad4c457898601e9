package linkhandler

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxParameters is how many parameters a query may have, known or not.
const maxParameters = 64

// parseQuery decodes application/x-www-form-urlencoded parameters (RFC 6749
// appendix B) from the query of a [uri]. Names are compared decoded, so that a
// repetition cannot hide behind a different encoding.
func parseQuery(raw string) (url.Values, error) {
	values := make(url.Values)
	if strings.Contains(raw, ";") {
		return nil, errors.New(`has a ";" in its query, which some parsers take for a separator; write %3B`)
	}
	if strings.Count(raw, "&") >= maxParameters {
		return nil, fmt.Errorf("has more than %d parameters", maxParameters)
	}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, err := parsePair(pair)
		if err != nil {
			return nil, err
		}
		values[name] = append(values[name], value)
	}
	return values, nil
}

func parsePair(pair string) (name, value string, err error) {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, err = url.QueryUnescape(rawName)
	if err != nil || name == "" || !isText(name) {
		return "", "", errors.New("has a parameter whose name is empty or not text")
	}
	value, err = url.QueryUnescape(rawValue)
	if err != nil || !isText(value) {
		return "", "", &InvalidError{displayName(name), "is not UTF-8 text without control characters"}
	}
	return name, value, nil
}

// isText reports whether s is UTF-8 without control characters.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// isVisible reports whether s consists of VSCHAR, %x20-7E (RFC 6749 appendix A).
func isVisible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0
}

// isQuotable reports whether s consists of NQSCHAR: VSCHAR but for the quotation
// mark and the backslash (RFC 6749 appendix A).
func isQuotable(s string) bool {
	return isVisible(s) && !strings.ContainsAny(s, `"\`)
}

// repeated returns the first name, in the order of the alphabet, that has several
// values and is not among those that may.
func repeated(query url.Values, may ...string) (name string, found bool) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 && !slices.Contains(may, name) {
			return name, true
		}
	}
	return "", false
}

// displayName returns the name of a parameter for an error. Names that nobody
// knows come from outside: long or odd ones are not repeated.
func displayName(name string) string {
	odd := func(r rune) bool { return r > 0x7E || !isAlphanumeric(byte(r)) && !strings.ContainsRune("-._", r) }
	if len(name) > 64 || strings.IndexFunc(name, odd) >= 0 {
		return "a parameter"
	}
	return name
}

// appendParameter adds a parameter to a URI. Everything but unreserved characters
// is percent-encoded, a space as %20: apps that read a custom scheme's query with a
// plain URI decoder do not know "+".
func appendParameter(uri, name, value string) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + name + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
