package ui

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// everyCatalogue reads all there are, also those that are not part of the program.
func everyCatalogue(t *testing.T) map[string]*catalogue {
	t.Helper()
	all := map[string]*catalogue{}
	for pattern, status := range map[string]string{"catalogue/*.txt": "on", "catalogue/unreviewed/*.txt": "unreviewed"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) < 4 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseCatalogue(strings.TrimSuffix(filepath.Base(file), ".txt"), string(source))
			if err != nil {
				t.Fatal(err)
			}
			if c.texts["status"] != status {
				t.Errorf("%s has the status %q", file, c.texts["status"])
			}
			all[c.code] = c
		}
	}
	return all
}

// TestNoTextIsMissing: every language has every text, with the same things to fill
// in, and all of its own plural categories.
func TestNoTextIsMissing(t *testing.T) {
	all := everyCatalogue(t)
	english := all["en"]
	for code, c := range all {
		wanted := map[string]bool{}
		for key, text := range english.texts {
			base, _, counted := strings.Cut(key, "[")
			if !counted {
				wanted[key] = true
				if got, want := placeholders(c.texts[key]), placeholders(text); c.texts[key] != "" && !slices.Equal(got, want) {
					t.Errorf("%s: %s has %v to fill in, want %v", code, key, got, want)
				}
				continue
			}
			for _, category := range categories(t, code) {
				wanted[base+"["+category+"]"] = true
			}
		}
		for key := range wanted {
			if c.texts[key] == "" {
				t.Errorf("%s: %s is missing", code, key)
			}
		}
		for key := range c.texts {
			if !wanted[key] {
				t.Errorf("%s: nobody asks for %s", code, key)
			}
		}
		if direction := c.texts["direction"]; direction != "ltr" && direction != "rtl" {
			t.Errorf("%s: direction %q", code, direction)
		}
	}
}

var placeholderPattern = regexp.MustCompile(`{[a-z]+}`)

func placeholders(text string) []string {
	found := placeholderPattern.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// categories are those that whole numbers of a language have, by x/text.
func categories(t *testing.T, code string) []string {
	var found []string
	for n := range 1_000_001 {
		if c := byXText(t, code, n); !slices.Contains(found, c) {
			found = append(found, c)
		}
		if n == 200 { // nothing new comes before a million
			found = append(found, byXText(t, code, 1_000_000))
			slices.Sort(found)
			return slices.Compact(found)
		}
	}
	return nil
}

func byXText(t *testing.T, code string, n int) string {
	t.Helper()
	tag, err := language.Parse(code)
	if err != nil {
		t.Fatal(err)
	}
	form := plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)
	return [...]string{"other", "zero", "one", "two", "few", "many"}[form]
}

// TestPluralRules compares ours, which are small, with those of x/text, which know
// every language.
func TestPluralRules(t *testing.T) {
	for code, c := range everyCatalogue(t) {
		for n := range 1200 {
			if got, want := c.plural(n), byXText(t, code, n); got != want {
				t.Errorf("%s: %d is %s, want %s", code, n, got, want)
			}
		}
	}
}

// TestEveryTextIsUsed: what the code asks for is there, and what is there is asked for.
func TestEveryTextIsUsed(t *testing.T) {
	english := everyCatalogue(t)["en"]
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	asked := regexp.MustCompile(`\b(?:text|t|count)\("([a-z_.]+)"`)
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(source)
		for _, found := range asked.FindAllStringSubmatch(string(source), -1) {
			key := found[1]
			if _, there := english.texts[key]; !there && english.texts[key+"[one]"] == "" && !strings.HasSuffix(key, ".") {
				t.Errorf("%s asks for %s, which is not there", file, key)
			}
		}
	}
	for key := range english.texts {
		base, _, _ := strings.Cut(key, "[")
		if !strings.Contains(code.String(), `"`+base+`"`) && !isComposed(base) {
			t.Errorf("nobody asks for %s", key)
		}
	}
}

// isComposed are keys that the code puts together.
func isComposed(key string) bool {
	for _, prefix := range []string{"nav.", "event.", "activity.kind.", "scope.", "pin.", "password.", "done.", "visit.", "status"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func TestMalformedCatalogues(t *testing.T) {
	for _, source := range []string{"", "a", "a = b\na = c", "months = a, b"} {
		if _, err := parseCatalogue("xx", source); err == nil {
			t.Errorf("%q was taken", source)
		}
	}
}
