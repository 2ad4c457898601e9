package statement

import (
	"mime"
	"regexp"
	"strings"
	"sync"
	"time"
)

// IsUUID reports whether s is a UUID as RFC 9562 section 4 writes it; upper and
// lower case are the same.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func allHex(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// IsIRI reports whether s is an absolute IRI (RFC 3987 section 2.2): a scheme and
// something behind it, of permitted characters.
func IsIRI(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || rest == "" || !isScheme(scheme) {
		return false
	}
	fragments := 0
	for i, r := range rest {
		switch {
		case r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"{}|\\^`", r) || 0x80 <= r && r < 0xa0:
			return false
		case r == '%' && (i+2 >= len(rest) || !isHex(rest[i+1]) || !isHex(rest[i+2])):
			return false
		case r == '#':
			fragments++
		}
	}
	return fragments <= 1
}

func isScheme(s string) bool {
	for i := range len(s) {
		inner := i > 0 && (isDigit(s[i]) || strings.IndexByte("+-.", s[i]) >= 0)
		if !isLetter(s[i]) && !inner {
			return false
		}
	}
	return s != ""
}

// isMailto reports whether s is a mailto IRI of one address (RFC 6068).
func isMailto(s string) bool {
	address, ok := strings.CutPrefix(s, "mailto:")
	local, domain, found := cutLast(address, "@")
	return ok && found && local != "" && domain != "" && IsIRI(s) &&
		!strings.ContainsAny(local, "@?,") && !strings.ContainsAny(domain, "?,")
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// languageTag is the grammar of RFC 5646 section 2.1, and the tags older than it.
// It is compiled when the first language map comes, not when the program starts.
var languageTag = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:` +
		`(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?` +
		`(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?` +
		`|x(?:-[a-z0-9]{1,8})+` +
		`|en-GB-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)` +
		`|sgn-(?:BE-FR|BE-NL|CH-DE)|art-lojban|cel-gaulish|no-(?:bok|nyn)|zh-(?:guoyu|hakka|min(?:-nan)?|xiang)` +
		`)$`)
})

// isLanguage reports whether s is a language tag. The two shapes that nearly all
// tags have, "en" and "en-US", need no regular expression.
func isLanguage(s string) bool {
	if len(s) == 2 || len(s) == 5 && s[2] == '-' && isLetter(s[3]) && isLetter(s[4]) {
		return isLetter(s[0]) && isLetter(s[1])
	}
	return len(s) <= 200 && languageTag().MatchString(s)
}

func isMediaType(s string) bool {
	kind, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Contains(kind, "/")
}

// instants are the ways to write a moment (ISO 8601). Those without an offset are
// for 1.0.3 alone; RFC 3339, which 2.0 asks for, has none.
var instants = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00"}

// ParseTimestamp reads a timestamp (Data 4.5). The offset -00:00 is refused, as
// the specification demands.
func ParseTimestamp(s string, v Version) (time.Time, bool) {
	if !strings.Contains(s, "T") || strings.HasSuffix(s, "-00") || strings.HasSuffix(s, "-0000") || strings.HasSuffix(s, "-00:00") {
		return time.Time{}, false
	}
	for _, layout := range instants {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
		if v == V2 {
			return time.Time{}, false
		}
	}
	t, err := time.Parse("2006-01-02T15:04:05", s)
	return t, err == nil
}

// isDuration reports whether s is a duration by ISO 8601:2004 section 4.4.3.2:
// weeks alone, or units that become smaller, the last of which may have a
// fraction.
func isDuration(s string) bool {
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" {
		return false
	}
	if weeks, is := strings.CutSuffix(s, "W"); is {
		return isCount(weeks)
	}
	date, clock, timed := strings.Cut(s, "T")
	if timed && (clock == "" || strings.ContainsAny(date, ".,")) {
		return false
	}
	return areUnits(date, "YMD") && areUnits(clock, "HMS")
}

// areUnits reports whether s is numbers, each with one of the units, in order.
func areUnits(s, units string) bool {
	for s != "" {
		end := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' })
		if end < 0 {
			return false
		}
		place := strings.IndexByte(units, s[end])
		count := s[:end]
		s = s[end+1:]
		if place < 0 || !isCount(count) || s != "" && strings.ContainsAny(count, ".,") {
			return false
		}
		units = units[place+1:]
	}
	return true
}

// isCount reports whether s is digits, with a fraction or without.
func isCount(s string) bool {
	whole, fraction := s, "0"
	if i := strings.IndexAny(s, ".,"); i >= 0 {
		whole, fraction = s[:i], s[i+1:]
	}
	return digits(whole) && digits(fraction)
}

func digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
