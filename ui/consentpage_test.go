package ui

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

const consentURL = "consent?id=request-1"

func TestConsentPage(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.consent.Client = `<script>alert(1)</script>`
		d.consent.New = true
		d.consent.Resources = []string{"https://bank.example"}
		b.get(consentURL)
		b.shows(http.StatusOK, "&lt;script&gt;", "cannot confirm", "See your name and username", "com.example.maths:/done", `value="1" required checked`,
			`value="accept"`, `value="deny"`, "https://bank.example", "Nobody on this device has let this app in before", `value="profile" checked`, "always part of signing in")
		b.hides("<script", `value="openid"`)
	})
}

func TestDecisions(t *testing.T) {
	at := func(d *desk) { d.secrets["1pin"] = "4071" }
	for _, test := range []struct {
		name    string
		prepare func(*desk)
		fields  []string
		status  int
		says    string
		want    Decision // compared but for its AuthTime
	}{
		{"accept", nil, []string{"decision", "accept", "account", "2", "scope", "profile"}, 200, "You are signed in to Maths", Decision{Accept: true, AccountID: "2", Scopes: []string{"openid", "profile"}}},
		{"accept less", nil, []string{"decision", "accept", "account", "1"}, 200, "You are signed in to Maths", Decision{Accept: true, AccountID: "1", Scopes: []string{"openid"}}},
		{"more than was asked for", nil, []string{"decision", "accept", "account", "1", "scope", "root"}, 200, "You are signed in", Decision{Accept: true, AccountID: "1", Scopes: []string{"openid"}}},
		{"deny", nil, []string{"decision", "deny"}, 200, "You said no to Maths", Decision{}},
		{"deny with an account", at, []string{"decision", "deny", "account", "1"}, 200, "You said no to Maths", Decision{AccountID: "1"}},
		{"nothing", nil, nil, 422, "Choose Accept or Deny", Decision{}},
		{"another decision", nil, []string{"decision", "perhaps", "account", "1"}, 422, "Choose Accept or Deny", Decision{}},
		{"no account", nil, []string{"decision", "accept"}, 422, "Nothing was chosen", Decision{}},
		{"somebody else's account", nil, []string{"decision", "accept", "account", "3"}, 422, "Nothing was chosen", Decision{}},
		{"nothing allowed", func(d *desk) { d.consent.Scopes = d.consent.Scopes[1:] }, []string{"decision", "accept", "account", "1"}, 422, "Leave at least one", Decision{}},
		{"PIN", at, []string{"decision", "accept", "account", "1", "pin-1", "4071"}, 200, "You are signed in", Decision{Accept: true, AccountID: "1", Scopes: []string{"openid"}}},
		{"wrong PIN", at, []string{"decision", "accept", "account", "1", "pin-1", "4072", "scope", "profile"}, 422, "That is not the PIN of Amina", Decision{}},
		{"no PIN", at, []string{"decision", "accept", "account", "1"}, 422, "Enter the PIN of Amina", Decision{}},
		{"the PIN of another", at, []string{"decision", "accept", "account", "1", "pin-2", "4071"}, 422, "Enter the PIN of Amina", Decision{}},
		{"too many tries", func(d *desk) { at(d); d.tries = 5 }, []string{"decision", "accept", "account", "1", "pin-1", "4071"}, 422, "Wait 2 minutes", Decision{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			browse(t, func(b *browser, d *desk) {
				if test.prepare != nil {
					test.prepare(d)
				}
				b.get(consentURL)
				b.submit("decision", test.fields...)
				b.shows(test.status, test.says)
				switch {
				case test.status != http.StatusOK:
					if len(d.decided) != 0 {
						t.Errorf("decided %+v", d.decided)
					}
					b.shows(test.status, `value="accept"`) // and can be chosen again
					return
				case len(d.decided) != 1:
					t.Fatalf("decided %+v", d.decided)
				}
				got := d.decided[0]
				if proved := !got.AuthTime.IsZero(); proved != (test.name == "PIN") {
					t.Errorf("authenticated at %v", got.AuthTime)
				}
				got.AuthTime = time.Time{}
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("decided %+v, want %+v", got, test.want)
				}
				b.shows(http.StatusOK, `href="com.example.maths:/done?code=c"`)
				if to := b.sent.Get("Refresh"); to != "0; url=com.example.maths:/done?code=c" {
					t.Errorf("the browser goes to %q", to)
				}
			})
		})
	}
}

// TestAClickAtOnceDoesNotCount: half a second is what it takes to see what a
// click, meant for something else, would press.
func TestAClickAtOnceDoesNotCount(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get(consentURL)
		action, form := b.form("decision")
		time.Sleep(settling - time.Millisecond)
		b.post(action, form, "decision", "accept", "account", "1")
		b.shows(http.StatusTooEarly, "That was very quick", `href="consent?id=request-1"`)
		if len(d.decided) != 0 {
			t.Fatalf("decided %+v", d.decided)
		}
		time.Sleep(time.Millisecond)
		b.send(http.MethodPost, action, form)
		b.shows(http.StatusOK, "You are signed in")
	})
}

// TestADoubleClickDecidesOnce: the second click of two gets the answer of the
// first, also while that is still on its way, and whatever it says itself.
func TestADoubleClickDecidesOnce(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get(consentURL)
		action, form := b.form("decision")
		time.Sleep(settling)
		form.Set("decision", "accept")
		form.Set("account", "1")
		var clicks sync.WaitGroup
		for range 8 {
			click := *b
			clicks.Go(func() {
				click.send(http.MethodPost, action, form)
				click.shows(http.StatusOK, "You are signed in to Maths")
			})
		}
		clicks.Wait()
		form.Set("decision", "deny")
		b.send(http.MethodPost, action, form)
		b.shows(http.StatusOK, "You are signed in to Maths")
		if len(d.decided) != 1 {
			t.Errorf("decided %+v", d.decided)
		}
	})
}

// TestReloadAndBackDecideNothing: neither the page of the request nor the one
// after it does anything when it is loaded again.
func TestReloadAndBackDecideNothing(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		for range 3 {
			b.get(consentURL + "&decision=accept&account=1")
			b.shows(http.StatusOK, `value="accept"`)
		}
		if len(d.decided) != 0 {
			t.Fatalf("decided %+v", d.decided)
		}
		b.submit("decision", "decision", "accept", "account", "1")
		done := b.at.RequestURI()
		b.get(consentURL) // back
		b.shows(http.StatusConflict, "answered already")
		b.get(done)
		b.shows(http.StatusOK, "You are signed in")
		if len(d.decided) != 1 {
			t.Errorf("decided %+v", d.decided)
		}
		other := newBrowser(t, b.pages)
		other.get(done)
		other.shows(http.StatusConflict, "answered already")
		other.hides("code=c")
		time.Sleep(doubleClick)
		b.get(done)
		b.shows(http.StatusConflict, "answered already")
		b.hides("code=c")
	})
}

func TestAPINIsRememberedForTheSession(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.secrets["1pin"] = "4071"
		b.get(consentURL)
		b.shows(http.StatusOK, `name="pin-1"`)
		b.submit("decision", "decision", "accept", "account", "1", "pin-1", "4071")
		again := func() { d.decided = nil; b.get(consentURL) }
		again()
		b.hides(`name="pin-1"`)
		b.submit("decision", "decision", "accept", "account", "1")
		if len(d.decided) != 1 || time.Since(d.decided[0].AuthTime) < settling {
			t.Errorf("decided %+v", d.decided)
		}
		time.Sleep(d.preferences.Session)
		again()
		b.shows(http.StatusOK, `name="pin-1"`)

		b.submit("decision", "decision", "accept", "account", "1", "pin-1", "4071")
		d.preferences.Session = 0 // every time
		again()
		b.shows(http.StatusOK, `name="pin-1"`)
		d.preferences.Session = time.Hour
		again()
		b.hides(`name="pin-1"`)
		time.Sleep(time.Millisecond)
		d.consent.AuthAfter = time.Now() // the app wants it anew
		again()
		b.shows(http.StatusOK, `name="pin-1"`)
		b.submit("decision", "decision", "accept", "account", "1")
		b.shows(http.StatusUnprocessableEntity, "Maths asks that you enter your PIN again")
		stranger := newBrowser(t, b.pages)
		d.consent.AuthAfter = time.Time{}
		stranger.get(consentURL)
		stranger.shows(http.StatusOK, `name="pin-1"`)
	})
}

func TestTheAccountIsChosenAnew(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.consent.SelectAccount = true
		b.get(consentURL)
		b.hides(` checked><span class="avatar`)
	})
}

func TestTheFirstAccountOnTheWay(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.accounts = nil
		b.get(consentURL)
		b.shows(http.StatusOK, "Who are you?", `value="deny"`)
		b.hides(`value="accept"`)
		b.submit(`name="request"`, "name", "Amina")
		b.shows(http.StatusOK, `value="accept"`, "Amina is added.")
		if b.at.RequestURI() != "/"+consentURL {
			t.Errorf("led to %s", b.at)
		}
	})
}

func TestErrorsSayOnlyWhatIsMeantForThePerson(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.err = errors.New("bbolt: page 7 is on fire")
		b.get(consentURL)
		b.shows(http.StatusInternalServerError, "Something went wrong here", `href="consent?id=request-1"`)
		b.hides("bbolt")
		d.err = notice("The redirect URI is not registered.")
		b.get(consentURL)
		b.shows(http.StatusConflict, "The request of the app was refused", "The redirect URI is not registered.", `href="apps"`)
		d.err = nil
		b.get("consent?id=unknown")
		b.shows(http.StatusGone, "no longer waiting", `href="apps"`)
		b.get(consentURL)
		d.err = errors.New("on fire")
		b.submit("decision", "decision", "accept", "account", "1")
		b.shows(http.StatusInternalServerError, "Something went wrong")
		if strings.Contains(b.page, "fire") {
			t.Error("the cause is shown")
		}
	})
}
