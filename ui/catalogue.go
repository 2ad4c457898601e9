package ui

import (
	"embed"
	"fmt"
	"strings"
)

// The catalogues of the languages that are on. Those in catalogue/unreviewed are
// prepared, and are not part of the program until somebody who speaks them has
// signed them; see docs/decisions/0025-languages.md.
//
//go:embed catalogue/*.txt
var catalogues embed.FS

// A catalogue has the texts of one language, by key. The keys of what is counted
// have the plural category in brackets: "when.days[few]".
type catalogue struct {
	code   string // BCP 47, such as "fa-AF"
	texts  map[string]string
	plural func(n int) string
	months []string
}

// parseCatalogue reads lines of «key = text»; # begins a comment.
func parseCatalogue(code, source string) (*catalogue, error) {
	c := &catalogue{code: code, texts: make(map[string]string), plural: pluralRule(code)}
	for i, line := range strings.Split(source, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, text, found := strings.Cut(line, " = ")
		if _, twice := c.texts[key]; !found || twice {
			return nil, fmt.Errorf("%s, line %d: not one «key = text»: %s", code, i+1, line)
		}
		c.texts[key] = text
	}
	if c.months = strings.Split(c.texts["months"], ", "); len(c.months) != 12 {
		return nil, fmt.Errorf("%s: there are %d months", code, len(c.months))
	}
	return c, nil
}

// fill puts the values of args, pairs of a name and a value, into a text.
func fill(text string, put func(literal, value string), args ...string) {
	for {
		literal, rest, found := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			put(text, "")
			return
		}
		put(literal, argument(name, args))
		text = after
	}
}

func argument(name string, args []string) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1]
		}
	}
	return "{" + name + "}"
}
