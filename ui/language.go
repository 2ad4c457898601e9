package ui

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Language is what pages and prompts speak. The zero Language is English.
type Language struct{ catalogue *catalogue }

// Languages returns those that are on, English first, then by their codes.
func Languages() []Language { return languages() }

var languages = sync.OnceValue(func() []Language {
	files, err := catalogues.ReadDir("catalogue")
	if err != nil {
		panic(err) // they are embedded
	}
	var all []Language
	for _, file := range files {
		source, err := catalogues.ReadFile("catalogue/" + file.Name())
		if err != nil {
			panic(err)
		}
		c, err := parseCatalogue(strings.TrimSuffix(path.Base(file.Name()), ".txt"), string(source))
		if err != nil {
			panic(err) // a test reads them all
		}
		all = append(all, Language{c})
	}
	slices.SortFunc(all, func(a, b Language) int {
		if english := a.catalogue.code == "en"; english || b.catalogue.code == "en" {
			return map[bool]int{true: -1, false: 1}[english]
		}
		return strings.Compare(a.catalogue.code, b.catalogue.code)
	})
	return all
})

// LanguageOf returns the language with that code.
func LanguageOf(code string) (Language, bool) {
	for _, l := range Languages() {
		if l.Code() == code {
			return l, true
		}
	}
	return Language{}, false
}

// MatchLanguage returns the best language for what a person prefers: an
// Accept-Language header (RFC 9110 section 12.5.4), a locale such as "fr_CA.UTF-8",
// or a code. It is English if nothing fits.
func MatchLanguage(preferred string) Language {
	best, weight := Languages()[0], 0.0
	for i, part := range strings.Split(preferred, ",") {
		if i == maxPreferred {
			break
		}
		tag, parameters, _ := strings.Cut(part, ";")
		primary, _, _ := strings.Cut(strings.NewReplacer("_", "-", ".", "-", "@", "-").Replace(strings.TrimSpace(tag)), "-")
		l, there := LanguageOf(strings.ToLower(primary))
		if q := quality(parameters); there && q > weight {
			best, weight = l, q
		}
	}
	return best
}

// maxPreferred bounds the languages of a header that are looked at.
const maxPreferred = 20

func quality(parameters string) float64 {
	value, found := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !found {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0
	}
	return q
}

func (l Language) words() *catalogue {
	if l.catalogue == nil {
		return Languages()[0].catalogue
	}
	return l.catalogue
}

// Code is the BCP 47 code, such as "ar".
func (l Language) Code() string { return l.words().code }

// Name is what the language calls itself.
func (l Language) Name() string { return l.words().texts["language"] }

// Direction is "ltr" or "rtl".
func (l Language) Direction() string { return l.words().texts["direction"] }

// text is the text of the key, with pairs of a name and a value filled in.
func (l Language) text(key string, args ...string) string {
	var b strings.Builder
	fill(l.words().texts[key], func(literal, value string) {
		b.WriteString(literal)
		b.WriteString(value)
	}, args...)
	return b.String()
}

// countKey is the key of the text for that many.
func (l Language) countKey(key string, n int) string {
	return key + "[" + l.words().plural(n) + "]"
}

// count is the text for that many, its {n} filled in.
func (l Language) count(key string, n int) string {
	return l.text(l.countKey(key, n), "n", strconv.Itoa(n))
}

// list joins items as a sentence does: "a, b and c".
func (l Language) list(items []string) string {
	if len(items) == 0 {
		return ""
	}
	joined := items[len(items)-1]
	key := "last"
	for _, item := range slices.Backward(items[:len(items)-1]) {
		joined = l.text(key, "first", item, "rest", joined)
		key = "list"
	}
	return joined
}
