package ui

// The plural rules of CLDR for whole numbers, of the languages that have a
// catalogue. golang.org/x/text has all languages, and would make the program a
// quarter of a megabyte larger; TestPluralRules compares with it.

// pluralRule returns the rule of a language: from a count to a category.
func pluralRule(code string) func(n int) string {
	switch code {
	case "ar":
		return arabic
	case "fa-AF", "fr":
		return upToOne
	case "tg":
		return func(int) string { return "other" }
	}
	return onlyOne // English, Spanish, Pashto, Swahili
}

func onlyOne(n int) string {
	if n == 1 {
		return "one"
	}
	return "other"
}

func upToOne(n int) string {
	if n == 0 || n == 1 {
		return "one"
	}
	return "other"
}

func arabic(n int) string {
	switch last := n % 100; {
	case n == 0:
		return "zero"
	case n == 1:
		return "one"
	case n == 2:
		return "two"
	case last >= 3 && last <= 10:
		return "few"
	case last >= 11:
		return "many"
	}
	return "other"
}
