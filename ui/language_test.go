package ui

import (
	"testing"
	"time"
)

func speaking(t *testing.T, code string) Language {
	t.Helper()
	l, known := LanguageOf(code)
	if !known {
		t.Fatalf("no %s", code)
	}
	return l
}

func TestMatchLanguage(t *testing.T) {
	for preferred, want := range map[string]string{
		"":                                   "en",
		"de, ja;q=0.5":                       "en",
		"ar-EG,ar;q=0.9,en;q=0.8":            "ar",
		"en;q=0.3, fr-CA;q=0.7":              "fr",
		"de, es;q=0.1":                       "es",
		"fr;q=0":                             "en",
		"fr;q=nonsense, es;q=0.2":            "es",
		"fr_CA.UTF-8":                        "fr",
		"es@euro":                            "es",
		"C.UTF-8":                            "en",
		"fa-AF":                              "en", // prepared, not on
		"  AR ;q=1":                          "ar",
		",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,fr": "en", // nobody prefers so many
	} {
		if got := MatchLanguage(preferred).Code(); got != want {
			t.Errorf("%q: %s, want %s", preferred, got, want)
		}
	}
}

func TestLanguagesThatAreOn(t *testing.T) {
	var codes string
	for _, l := range Languages() {
		codes += l.Code() + " " + l.Name() + " " + l.Direction() + "; "
	}
	if codes != "en English ltr; ar العربية rtl; es Español ltr; fr Français ltr; " {
		t.Errorf("on are %s", codes)
	}
	if (Language{}).Code() != "en" {
		t.Error("the zero language is not English")
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2030, 5, 6, 7, 8, 9, 0, time.Local)
	for _, test := range []struct {
		code string
		past time.Duration
		want string
	}{
		{"en", 0, "just now"},
		{"en", -time.Second, "just now"},
		{"en", time.Minute, "1 minute ago"},
		{"en", 59 * time.Minute, "59 minutes ago"},
		{"en", 90 * time.Minute, "1 hour ago"},
		{"en", 49 * time.Hour, "2 days ago"},
		{"en", 31 * 24 * time.Hour, "5 April 2030, 07:08"},
		{"en", -time.Hour, "6 May 2030, 08:08"}, // the clock was set back
		{"fr", time.Minute, "il y a 1 minute"},
		{"fr", 2 * time.Hour, "il y a 2 heures"},
		{"es", 24 * time.Hour, "hace 1 día"},
		{"ar", time.Minute, "قبل دقيقة واحدة"},
		{"ar", 2 * time.Minute, "قبل دقيقتين"},
		{"ar", 3 * time.Minute, "قبل 3 دقائق"},
		{"ar", 11 * time.Minute, "قبل 11 دقيقة"},
	} {
		if got := speaking(t, test.code).ago(now.Add(-test.past), now); got != test.want {
			t.Errorf("%s, %s: %q, want %q", test.code, test.past, got, test.want)
		}
	}
}

func TestLists(t *testing.T) {
	l := speaking(t, "en")
	for want, items := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}, "a, b, c and d": {"a", "b", "c", "d"}} {
		if got := l.list(items); got != want {
			t.Errorf("%q: %q", items, got)
		}
	}
}
