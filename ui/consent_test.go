package ui

import (
	"strings"
	"testing"
)

func maths() Consent {
	return Consent{
		ID:       "request-1",
		Client:   "Maths",
		ClientID: "maths",
		ReturnTo: "com.example.maths:/done",
		Scopes:   []Scope{{Name: "openid", Description: "Know that it is you", Required: true}, {Name: "profile", Description: "See your name and username"}},
		Accounts: []Account{{ID: "1", Username: "amina", Name: "Amina"}, {ID: "2", Username: "karim"}},
	}
}

func TestTrustNeverClaimsWhatTheSystemDidNotSay(t *testing.T) {
	c := maths()
	if got := c.Trust(); !strings.Contains(got, "cannot confirm") {
		t.Errorf("unattested: %q", got)
	}
	c.Identity = "uid:10012"
	if got := c.Trust(); !strings.Contains(got, "uid:10012 asks under this name") || !strings.Contains(got, "cannot confirm that it is Maths") {
		t.Errorf("attested, under a name that anyone may use: %q", got)
	}
	c.Confirmed = true
	if got := c.Trust(); !strings.Contains(got, "confirms that it is Maths.") {
		t.Errorf("attested and registered: %q", got)
	}
}

func TestDisplayable(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "Maths 7", "Maths 7"},
		{"another script", "ریاضی", "ریاضی"},
		{"right-to-left override", "Maths\u202egnp.exe", "Maths\ufffdgnp.exe"},
		{"isolate", "\u2068Bank\u2069", "\ufffdBank\ufffd"},
		{"zero width", "Ba\u200bnk", "Ba\ufffdnk"},
		{"line feed", "Maths\nThis device confirms it", "Maths\ufffdThis device confirms it"},
		{"escape", "\x1b[2JMaths", "\ufffd[2JMaths"},
		{"Persian non-joiner", "ریاضی\u200cدان", "ریاضی\u200cدان"},
		{"non-joiner elsewhere", "Ba\u200cnk", "Ba\ufffdnk"},
		{"non-joiner at the end", "ریاضی\u200c", "ریاضی\ufffd"},
		{"broken UTF-8", "Ma\xffths", "Ma\ufffdths"},
		{"long", strings.Repeat("m", 101), strings.Repeat("m", 100) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := displayable(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPreferredAccount(t *testing.T) {
	c := maths()
	if got := c.Preferred().Username; got != "amina" {
		t.Errorf("without a hint: %q", got)
	}
	c.Hint = "karim"
	if got := c.Preferred().Username; got != "karim" {
		t.Errorf("with a hint: %q", got)
	}
	c.Hint = "nobody"
	if got := c.Preferred().Username; got != "amina" {
		t.Errorf("with a hint at nobody: %q", got)
	}
}

func TestReachNamesOtherAPIs(t *testing.T) {
	c := maths()
	if got := c.Reach(); got != "" {
		t.Errorf("none: %q", got)
	}
	c.Resources = []string{"https://bank.example", "https://\u202enotes.example"}
	if got := c.Reach(); got != "It will be let into https://bank.example and https://\ufffdnotes.example" {
		t.Errorf("two: %q", got)
	}
}

func TestScopesInTheLanguage(t *testing.T) {
	french := speaking(t, "fr")
	for _, test := range []struct {
		scope Scope
		want  string
	}{
		{Scope{Name: "openid", Description: "Know that it is you"}, "Savoir que c’est vous"},
		{Scope{Name: "openid", Description: "Vous saluer"}, "Vous saluer"}, // the maker's own words
		{Scope{Name: "results", Description: "Write your results"}, "Write your results"},
		{Scope{Name: "results"}, "results"},
	} {
		if got := test.scope.Label(french); got != test.want {
			t.Errorf("%+v: %q", test.scope, got)
		}
	}
}

func TestAnAppThatNamedItselfIsNeverConfirmed(t *testing.T) {
	c := maths()
	c.Identity, c.Confirmed, c.SelfRegistered = "uid:10012", true, true
	if got := c.Trust(); !strings.Contains(got, "uid:10012 chose this name itself") {
		t.Errorf("%q", got)
	}
	for _, l := range Languages() {
		if got := c.In(l).Trust(); !strings.Contains(got, "uid:10012") {
			t.Errorf("%s: %q", l.Code(), got)
		}
	}
}
