package authz_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

func (d *desk) setPIN(pin string) {
	d.Helper()
	if err := d.server.SetSecret(d.Context(), d.account.ID, authz.PIN, pin); err != nil {
		d.Fatal(err)
	}
}

// prove fails the test unless proving the PIN ends in that error; nil is success.
func (d *desk) prove(pin string, want error) {
	d.Helper()
	if err := d.server.Prove(d.Context(), d.account.ID, authz.PIN, pin); !errors.Is(err, want) {
		d.Fatalf("PIN %q: error is %v, want %v", pin, err, want)
	}
}

// waits fails the test unless the next try has to wait that long.
func (d *desk) waits(err error, want time.Duration) {
	d.Helper()
	var wait *store.WaitError
	if !errors.As(err, &wait) || wait.For != want {
		d.Fatalf("error is %v, want to wait for %v", err, want)
	}
}

func TestAPINIsProved(t *testing.T) {
	d := newDesk(t)
	d.prove("4071", authz.ErrWrongSecret) // there is none
	d.setPIN("4071")
	d.prove("4072", authz.ErrWrongSecret)
	d.prove("", authz.ErrWrongSecret)
	d.prove("4071", nil)
	d.prove("٤٠٧١", nil)
	d.prove("۴۰۷۱", nil)
	d.setPIN("۵۰۷۱۳")
	d.prove("4071", authz.ErrWrongSecret)
	d.prove("50713", nil)
	if err := d.server.RemoveSecret(t.Context(), d.account.ID, authz.PIN); err != nil {
		t.Fatal(err)
	}
	d.prove("50713", authz.ErrWrongSecret)
	if err := d.server.RemoveSecret(t.Context(), d.account.ID, authz.PIN); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if err := d.server.SetSecret(t.Context(), "nobody", authz.PIN, "4071"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a PIN for nobody: %v", err)
	}
}

func TestUnfitSecrets(t *testing.T) {
	d := newDesk(t)
	for secret, kind := range map[string]authz.Secret{
		"407": authz.PIN, "4071407140714": authz.PIN, "40a1": authz.PIN, "٤٠٧": authz.PIN, "": authz.PIN,
		"0000": authz.PIN, "1234": authz.PIN, "98765": authz.PIN, "٣٣٣٣": authz.PIN,
		"seven77": authz.Password, strings.Repeat("x", 257): authz.Password, "\xffabcdefgh": authz.Password,
	} {
		if err := d.server.SetSecret(t.Context(), d.account.ID, kind, secret); !errors.Is(err, authz.ErrUnfitSecret) {
			t.Errorf("%s %q: %v", kind, secret, err)
		}
	}
	refused(t, d.server.SetSecret(t.Context(), d.account.ID, "fingerprint", "12345678"), "invalid_request")
	if has, err := d.server.HasSecret(t.Context(), d.account.ID, authz.PIN); has || err != nil {
		t.Errorf("there is a PIN: %v, %v", has, err)
	}
}

// TestGuessingIsSlow: five tries are free, the waits double, the right PIN
// during a wait is refused too, and it is all on the disk.
func TestGuessingIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.setPIN("4071")
		for range 5 {
			d.prove("4072", authz.ErrWrongSecret)
		}
		for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
			d.waits(d.server.Prove(t.Context(), d.account.ID, authz.PIN, "4071"), wait)
			again, err := authz.New(t.Context(), authz.Config{Issuer: issuer, Store: d.store})
			if err != nil {
				t.Fatal(err)
			}
			d.waits(again.Prove(t.Context(), d.account.ID, authz.PIN, "4071"), wait)
			time.Sleep(wait)
			d.prove("4072", authz.ErrWrongSecret)
		}
		time.Sleep(time.Hour)
		d.prove("4071", nil)
		for range 5 { // free again
			d.prove("4072", authz.ErrWrongSecret)
		}
		if kinds := d.kinds(); kinds["wrong secrets"] != 10 {
			t.Errorf("the audit trail has %v", kinds)
		}
	})
}

func (d *desk) kinds() map[string]int {
	d.Helper()
	events, err := d.store.Events.Newest(d.Context(), 0, 100)
	if err != nil {
		d.Fatal(err)
	}
	kinds := map[string]int{}
	for _, e := range events {
		kinds[e.Kind]++
	}
	return kinds
}

func TestSecretsCostTheirCommits(t *testing.T) {
	d := newDesk(t)
	d.setPIN("4071")
	before := d.store.Commits()
	d.prove("4072", authz.ErrWrongSecret)
	if n := d.store.Commits() - before; n != 1 {
		t.Errorf("a wrong PIN is %d commits", n)
	}
	before = d.store.Commits()
	d.prove("4071", nil)
	if n := d.store.Commits() - before; n != 2 {
		t.Errorf("a right PIN is %d commits", n)
	}
}

// TestStrangersLookLikeAccounts: error, throttling and commits are the same for
// an account with a password, one without, and none at all.
func TestStrangersLookLikeAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		if err := d.server.SetSecret(t.Context(), d.account.ID, authz.Password, "correct horse"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.server.AddAccount(t.Context(), "karim", ""); err != nil {
			t.Fatal(err)
		}
		for _, username := range []string{"amina", "karim", "nobody"} {
			signIn := func() error {
				_, err := d.server.SignIn(t.Context(), username, authz.Password, "wrong horse")
				return err
			}
			before := d.store.Commits()
			for range 5 {
				if err := signIn(); err != authz.ErrWrongSecret {
					t.Fatalf("%s: %v", username, err)
				}
			}
			d.waits(signIn(), 30*time.Second)
			if n := d.store.Commits() - before; n != 5 {
				t.Errorf("%s: %d commits", username, n)
			}
		}
		d.waits(func() error {
			_, err := d.server.SignIn(t.Context(), "amina", authz.Password, "correct horse")
			return err
		}(), 30*time.Second)
		time.Sleep(time.Minute)
		account, err := d.server.SignIn(t.Context(), "amina", authz.Password, "correct horse")
		if err != nil || account.ID != d.account.ID {
			t.Errorf("the right one: %+v, %v", account, err)
		}
	})
}

func TestOneHashAtATimeEndsWithItsContext(t *testing.T) {
	d := newDesk(t)
	d.setPIN("4071")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.server.Prove(ctx, d.account.ID, authz.PIN, "4071"); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestARemovedAccountHasNoSecrets(t *testing.T) {
	d := newDesk(t)
	d.setPIN("4071")
	if err := d.server.RemoveAccount(t.Context(), "amina"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.Credential(t.Context(), d.account.ID, "pin"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the PIN: %v", err)
	}
}
