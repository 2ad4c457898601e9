package ui

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// SignIn makes a desk a Door: the password of an account is its username.
func (d *desk) SignIn(ctx context.Context, username, password string) (Account, error) {
	for _, a := range d.marked() {
		if a.Username == username {
			d.secrets[a.ID+string(Password)] = username
			return a, d.Prove(ctx, a.ID, Password, password)
		}
	}
	return Account{}, d.Prove(ctx, "nobody", Password, password)
}

func beyond(t *testing.T, test func(b *browser, d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		test(newBrowser(t, NewNetworkPages(d, slog.New(slog.NewTextHandler(t.Output(), nil)))), d)
	})
}

func (b *browser) visitor() string {
	for _, c := range b.jar.Cookies(b.at) {
		if c.Name == visitCookie {
			return c.Value
		}
	}
	return ""
}

func TestSigningInMakesAnotherVisitor(t *testing.T) {
	beyond(t, func(b *browser, d *desk) {
		b.get("consent?id=" + d.consent.ID)
		b.shows(200, "Sign in", "Maths")
		b.hides(d.accounts[0].Called(), d.accounts[1].Called())
		before := b.visitor()
		b.submit("password", "username", d.accounts[1].Username, "password", "wrong")
		b.shows(422, "do not belong together", d.accounts[1].Username)
		if b.visitor() != before {
			t.Error("a wrong password makes another visitor")
		}
		b.submit("password", "username", d.accounts[1].Username, "password", d.accounts[1].Username)
		b.shows(200, d.accounts[1].Called())
		b.hides(d.accounts[0].Called())
		if before == "" || b.visitor() == before {
			t.Errorf("who knew the cookie %q is signed in, too", before)
		}
		signedIn := time.Now()
		time.Sleep(10 * time.Minute)
		b.submit("accept", "decision", "accept", "account", d.accounts[1].ID, "scope", d.consent.Scopes[0].Name)
		b.shows(200, "You are signed in")
		if len(d.decided) != 1 || !d.decided[0].AuthTime.Equal(signedIn) || d.decided[0].AccountID != d.accounts[1].ID {
			t.Errorf("decided %+v", d.decided)
		}
	})
}

// TestSignedInForAWhile: an hour, or as long as the app allows.
func TestSignedInForAWhile(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(d *desk)
		asked  bool
	}{
		{"soon", func(*desk) { time.Sleep(time.Minute) }, false},
		{"an hour later", func(*desk) { time.Sleep(signInLife) }, true},
		{"the app wants it anew", func(d *desk) { time.Sleep(time.Minute); d.consent.AuthAfter = time.Now() }, true},
		{"the account is gone", func(d *desk) { d.accounts = d.accounts[1:] }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			beyond(t, func(b *browser, d *desk) {
				page := "consent?id=" + d.consent.ID
				b.get(page)
				b.submit("password", "username", d.accounts[0].Username, "password", d.accounts[0].Username)
				test.change(d)
				b.get(page)
				if asked := b.at.Path == "/signin"; asked != test.asked {
					t.Errorf("at %s", b.at)
				}
			})
		})
	}
}

func TestGuessingOverANetworkHasToWait(t *testing.T) {
	beyond(t, func(b *browser, d *desk) {
		b.get("signin?id=" + d.consent.ID)
		for range 5 {
			b.submit("password", "username", "nobody", "password", "guess")
			b.shows(422, "do not belong together")
		}
		b.submit("password", "username", "nobody", "password", "guess")
		b.shows(422, "too many wrong tries")
	})
}
