package ui

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestPrompt(t *testing.T) {
	one := maths()
	one.Accounts = one.Accounts[:1]
	secured := maths()
	secured.Accounts = []Account{{ID: "1", Username: "amina", HasPIN: true}}
	none := maths()
	none.Accounts = nil
	for _, test := range []struct {
		name    string
		consent Consent
		typed   string
		want    Decision
		fails   bool
	}{
		{"accept", one, "y\n", Decision{Accept: true, AccountID: "1"}, false},
		{"deny", one, "n\n", Decision{AccountID: "1"}, false},
		{"asks until it is clear", one, "\nmaybe\nYES\n", Decision{Accept: true, AccountID: "1"}, false},
		{"second account", maths(), "2\ny\n", Decision{Accept: true, AccountID: "2"}, false},
		{"account by Enter", maths(), "\ny\n", Decision{Accept: true, AccountID: "1"}, false},
		{"account out of range", maths(), "3\n0\n-1\n1\nn\n", Decision{AccountID: "1"}, false},
		{"choose", one, "c\n1\ny\n", Decision{Accept: true, AccountID: "1", Scopes: []string{"openid"}}, false},
		{"choose all", one, "c\n\n", Decision{Accept: true, AccountID: "1", Scopes: []string{"openid", "profile"}}, false},
		{"choose nonsense", one, "c\n2\nx\n1, 1\n", Decision{Accept: true, AccountID: "1", Scopes: []string{"openid"}}, false},
		{"the input ends at the choice", one, "c\n", Decision{AccountID: "1"}, true},
		{"PIN", secured, "y\n\n4071\n", Decision{Accept: true, AccountID: "1", PIN: "4071"}, false},
		{"no PIN for a denial", secured, "n\n", Decision{AccountID: "1"}, false},
		{"the input ends at the PIN", secured, "y\n", Decision{AccountID: "1"}, true},
		{"the input ends", one, "", Decision{AccountID: "1"}, true},
		{"the input ends at the account", maths(), "", Decision{}, true},
		{"no account", none, "y\n", Decision{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Prompt(t.Context(), strings.NewReader(test.typed), io.Discard, test.consent)
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestPromptShowsAllThatIsNeededToDecide(t *testing.T) {
	var out strings.Builder
	consent := maths()
	consent.Resources = []string{"https://bank.example"}
	if _, err := Prompt(t.Context(), strings.NewReader("1\nn\n"), &out, consent); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Maths wants to sign you in", "cannot confirm", "Know that it is you", "See your name and username", "https://bank.example", "com.example.maths:/done", "Amina (amina)", "karim"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}

func TestPromptEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent, _ := io.Pipe()
	cancel()
	if _, err := Prompt(ctx, silent, io.Discard, maths()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// a quiet input is one that can stop showing what is typed.
type quiet struct {
	io.Reader
	states *[]string
}

func (q quiet) Silence() func() {
	*q.states = append(*q.states, "silent")
	return func() { *q.states = append(*q.states, "restored") }
}

func TestThePINIsNotShown(t *testing.T) {
	c := maths()
	c.Accounts = []Account{{ID: "1", Username: "amina", HasPIN: true}}
	var states []string
	var out strings.Builder
	d, err := Prompt(t.Context(), quiet{strings.NewReader("y\n4071\n"), &states}, &out, c)
	if err != nil || d.PIN != "4071" || strings.Join(states, " ") != "silent restored" {
		t.Errorf("%+v, %v, %v", d, err, states)
	}
	if !strings.Contains(out.String(), "PIN of amina [it is not shown]") {
		t.Errorf("asked\n%s", out.String())
	}
}

func TestPromptSpeaksTheLanguage(t *testing.T) {
	c := maths()
	c.Accounts = c.Accounts[:1]
	var out strings.Builder
	d, err := Prompt(t.Context(), strings.NewReader("o\n"), &out, c.In(speaking(t, "fr")))
	if err != nil || !d.Accept || !strings.Contains(out.String(), "Maths veut vous connecter") {
		t.Errorf("%+v, %v\n%s", d, err, out.String())
	}
}
