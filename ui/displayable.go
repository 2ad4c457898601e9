package ui

import (
	"strings"
	"unicode"
)

// maxShown is how much of a text from outside is shown, in characters.
const maxShown = 100

// displayable makes a text that a stranger chose fit to be shown: no control or
// formatting characters (which could reverse or hide what follows), no more than
// a line of it.
func displayable(s string) string {
	var b strings.Builder
	text := []rune(s)
	for i, r := range text {
		if i == maxShown {
			b.WriteRune('…')
			break
		}
		if !isShown(text, i) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isShown reports whether the character can be shown where it is.
func isShown(text []rune, i int) bool {
	r := text[i]
	if r == nonJoiner {
		return joins(text, i-1) && joins(text, i+1)
	}
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// nonJoiner is invisible, but Persian and Pashto cannot be written without it.
const nonJoiner = '\u200c'

func joins(text []rune, i int) bool {
	return i >= 0 && i < len(text) && unicode.Is(unicode.Arabic, text[i]) && unicode.IsLetter(text[i])
}

// monogram is the letter that stands for a name where there is no picture.
func monogram(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "?"
}
