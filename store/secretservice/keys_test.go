//go:build linux && dbus

package secretservice

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// wrap wraps something that [wantOpens] knows.
func wrap(t *testing.T, k Keys) []byte {
	t.Helper()
	wrapped, err := k.Wrap(t.Context(), []byte("plain"))
	if err != nil || !Wrapped(wrapped) {
		t.Fatalf("%q, %v", wrapped, err)
	}
	return wrapped
}

func wantOpens(t *testing.T, k Keys, wrapped []byte, target error) {
	t.Helper()
	plain, err := k.Unwrap(t.Context(), wrapped)
	if !errors.Is(err, target) || err == nil && string(plain) != "plain" {
		t.Fatalf("opened %q, %v, want %v", plain, err, target)
	}
}

// rotates is what every Secret Service has to show: keys that are made, renewed, retired
// and removed, and are one store's alone.
func rotates(t *testing.T) {
	ours, others := Keys{Name: NewName(), Label: "ours"}, Keys{Name: NewName(), Label: "another's"}
	first, foreign := wrap(t, ours), wrap(t, others)
	wantOpens(t, ours, first, nil)
	wantOpens(t, Keys{}, first, nil) // whatever the name is
	again := wrap(t, ours)
	if err := ours.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOpens(t, ours, first, nil)
	wantOpens(t, ours, again, nil)
	next := wrap(t, ours)
	if err := ours.Retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOpens(t, ours, first, store.ErrSealed)
	wantOpens(t, ours, next, nil)
	wantOpens(t, others, foreign, nil)
	if state, err := ours.Look(t.Context()); err != nil || state != (State{Found: true}) {
		t.Fatalf("%+v, %v", state, err)
	}
	if err := ours.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantOpens(t, ours, next, store.ErrSealed)
	wantOpens(t, others, foreign, nil)
	if state, err := ours.Look(t.Context()); err != nil || state.Found {
		t.Fatalf("%+v, %v", state, err)
	}
	altered := slices.Clone(foreign)
	altered[len(altered)-1] ^= 1
	wantOpens(t, others, altered, store.ErrSealed)
	wantOpens(t, others, []byte("another provider's"), store.ErrSealed)
}

func TestFakeRotates(t *testing.T) {
	f := startFake(t)
	rotates(t)
	for _, item := range f.items {
		if item.label != "another's" || len(item.plain) != keySize {
			t.Errorf("%+v", item)
		}
	}
}

func TestLockedKeyring(t *testing.T) {
	f := startFake(t)
	k := Keys{Name: "store"}
	wrapped := wrap(t, k)
	for _, hides := range []bool{false, true} {
		f.set(func() { f.locked, f.hides, f.person = true, hides, "dismisses" })
		if state, err := k.Look(t.Context()); err != nil || !state.Locked || state.Found == hides {
			t.Fatalf("hidden %t: %+v, %v", hides, state, err)
		}
		if len(f.asked) > 0 {
			t.Fatal("looking asked the person")
		}
		wantOpens(t, k, wrapped, ErrDismissed)
		for name, err := range map[string]error{
			"wrap": func() error { _, err := k.Wrap(t.Context(), nil); return err }(), "renew": k.Renew(t.Context()), "retire": k.Retire(t.Context()),
		} {
			if !errors.Is(err, ErrDismissed) || errors.Is(err, store.ErrSealed) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		f.set(func() { f.person = "unlocks" })
		wantOpens(t, k, wrapped, nil)
		for len(f.asked) > 0 {
			<-f.asked
		}
	}
	if n := f.numbers("store"); len(n) != 1 {
		t.Fatalf("keys %v", n)
	}
	f.set(func() { f.locked, f.person = true, "unlocks" })
	wrap(t, Keys{Name: "new"})
}

// TestNobodyUnlocks: the question is taken back when the time is over.
func TestNobodyUnlocks(t *testing.T) {
	f := startFake(t)
	wrapped := wrap(t, Keys{Name: "store"})
	f.set(func() { f.locked, f.person = true, "waits" })
	ctx, cancel := context.WithCancelCause(t.Context())
	var prompt any
	go func() { prompt = <-f.asked; cancel(nil) }()
	_, err := Keys{}.Unwrap(ctx, wrapped)
	if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrSealed) || errors.Is(err, ErrDismissed) {
		t.Fatal(err)
	}
	f.set(func() {
		if len(f.taken) != 1 || f.taken[0] != prompt {
			t.Errorf("%v were taken back, not %v", f.taken, prompt)
		}
	})
}

// TestServiceEnds: it is gone in the middle of a call, or while the person is asked. No
// other is started in its place.
func TestServiceEnds(t *testing.T) {
	for name, change := range map[string]func(f *fake){
		"at the session": func(f *fake) { f.crashes = "OpenSession" },
		"at the search":  func(f *fake) { f.crashes = "SearchItems" },
		"at the secret":  func(f *fake) { f.crashes = "GetSecret" },
		"at the prompt":  func(f *fake) { f.locked, f.person = true, "sees it crash" },
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			wrapped := wrap(t, Keys{Name: "store"})
			f.set(func() { change(f) })
			begun := time.Now()
			wantOpens(t, Keys{}, wrapped, ErrUnavailable)
			wantOpens(t, Keys{}, wrapped, ErrUnavailable) // now nobody has the name
			if took := time.Since(begun); took > callTimeout {
				t.Errorf("noticed after %s", took)
			}
			// It comes back, with all it had.
			f.set(func() { f.crashes, f.locked, f.person = "", false, "unlocks" })
			f.serve()
			wantOpens(t, Keys{}, wrapped, nil)
		})
	}
}

func TestWrongSecrets(t *testing.T) {
	f := startFake(t)
	k := Keys{Name: "store"}
	wrapped := wrap(t, k)
	for name, plain := range map[string][]byte{"another key": make([]byte, keySize), "a password": []byte("hunter2"), "nothing": {}} {
		f.set(func() {
			for _, item := range f.items {
				item.plain = plain
			}
		})
		wantOpens(t, k, wrapped, store.ErrSealed)
		if name != "another key" {
			if _, err := k.Wrap(t.Context(), nil); !errors.Is(err, store.ErrSealed) {
				t.Errorf("%s: wrapped: %v", name, err)
			}
		}
	}
	f.set(func() { clear(f.items) })
	wantOpens(t, k, wrapped, store.ErrSealed)
}

func TestServicesThatWillNotDo(t *testing.T) {
	f := startFake(t)
	k := Keys{Name: "store"}
	wrapped := wrap(t, k)
	f.set(func() { f.plain = true })
	wantOpens(t, k, wrapped, ErrUnavailable)
	f.set(func() { f.plain, f.forgets = false, true })
	if _, err := (Keys{Name: "new"}).Wrap(t.Context(), nil); !errors.Is(err, errNotKept) {
		t.Fatalf("nothing was kept: %v", err)
	}
	f.set(func() { f.absent = true; clear(f.items) })
	if _, err := k.Wrap(t.Context(), nil); !errors.Is(err, ErrNoKeyring) {
		t.Fatal(err)
	}
	wantOpens(t, k, wrapped, store.ErrSealed)
	if _, err := (Keys{}).Wrap(t.Context(), nil); !errors.Is(err, errNoName) {
		t.Fatal(err)
	}
	for address, why := range map[string]string{"tcp:host=localhost,port=1": "another machine's", "unix:path=/nonexistent": "nobody's"} {
		if _, err := (Keys{Name: "store", Address: address}).Wrap(t.Context(), nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", why, err)
		}
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	wantOpens(t, k, wrapped, ErrUnavailable)
}

// TestRekeyInterrupted: each of the steps of a store's rekeying may be the last one.
func TestRekeyInterrupted(t *testing.T) {
	f := startFake(t)
	k := Keys{Name: "store"}
	wrapped := wrap(t, k)
	for range 3 { // renewed, and never retired
		if err := k.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wantOpens(t, k, wrapped, nil)
	newest := wrap(t, k)
	if err := k.Retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.numbers("store"); !slices.Equal(n, []string{"4"}) {
		t.Fatalf("keys %v", n)
	}
	wantOpens(t, k, newest, nil)
}

// TestStoreInKeyring opens, rekeys and loses a store.
func TestStoreInKeyring(t *testing.T) {
	f := startFake(t)
	path := t.TempDir() + "/store.db"
	k := Keys{Name: "store"}
	open := func() error {
		s, err := store.Open(path, &store.Options{Keys: k})
		if err != nil {
			return err
		}
		return errors.Join(s.Rekey(t.Context(), nil), s.Close())
	}
	for range 3 {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.numbers("store"); !slices.Equal(n, []string{"4"}) {
		t.Fatalf("keys %v", n)
	}
	f.set(func() { clear(f.items) })
	if err := open(); !errors.Is(err, store.ErrSealed) {
		t.Fatal(err)
	}
	if n := f.numbers("store"); n != nil {
		t.Fatalf("a new key hides that the old one is lost: %v", n)
	}
}
