package client_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// Redirects of others must change nothing: the real one comes after each.
func TestOthersRedirectsAreRefused(t *testing.T) {
	tamper := func(name, value string) func(string) string {
		return func(redirect string) string { return clienttest.Tamper(redirect, name, value) }
	}
	for _, c := range []struct {
		name   string
		change func(redirect string) string
		want   error
	}{
		{"other state", tamper("state", "AAAA"), client.ErrState},
		{"no state", tamper("state", ""), client.ErrState},
		{"other issuer", tamper("iss", "https://evil.example"), client.ErrIssuer},
		{"issuer with a slash", tamper("iss", issuer+"/"), client.ErrIssuer},
		{"no issuer", tamper("iss", ""), client.ErrIssuer},
		{"other state and issuer", func(r string) string {
			return clienttest.Tamper(clienttest.Tamper(r, "iss", "https://evil.example"), "state", "x")
		}, client.ErrState},
		{"other scheme", func(r string) string { return strings.Replace(r, "com.example.maths:", "com.example.other:", 1) }, client.ErrRedirect},
		{"other path", func(r string) string { return strings.Replace(r, "/done", "/doner", 1) }, client.ErrRedirect},
		{"repeated state", func(r string) string { return r + "&state=x" }, client.ErrRedirect},
		{"no code", tamper("code", ""), client.ErrRedirect},
		{"code and error", tamper("error", "access_denied"), client.ErrRedirect},
		{"fragment", func(r string) string { return r + "#x" }, client.ErrRedirect},
		{"empty", func(string) string { return "" }, client.ErrRedirect},
		{"both names of the service", func(r string) string { return r + "&ipc-service=unix:%2Fa&ipc-server=unix:%2Fb" }, client.ErrRedirect},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t)
			redirect := d.accept(d.start())
			if hc, err := d.client.Finish(t.Context(), c.change(redirect)); hc != nil || !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			d.wantNothingSent(0)
			if _, err := d.client.Finish(t.Context(), redirect); err != nil {
				t.Errorf("the real redirect: %v", err)
			}
		})
	}
}

func TestMalformedRedirectNamesTheParameter(t *testing.T) {
	d := newDevice(t)
	var invalid *linkhandler.InvalidError
	_, err := d.client.Finish(t.Context(), d.accept(d.start())+"&code=x")
	if !errors.As(err, &invalid) || invalid.Parameter != "code" {
		t.Error(err)
	}
}

func TestErrorResponses(t *testing.T) {
	for _, code := range []string{"access_denied", "invalid_scope", "temporarily_unavailable", "made_up"} {
		t.Run(code, func(t *testing.T) {
			d := newDevice(t)
			redirect, err := d.app.Refuse(d.start(), code, "because")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.client.Finish(t.Context(), clienttest.Tamper(redirect, "iss", "https://evil.example")); !errors.Is(err, client.ErrIssuer) {
				t.Errorf("an error from elsewhere: %v", err)
			}
			_, err = d.client.Finish(t.Context(), redirect)
			var refused *client.AuthorizationError
			if !errors.As(err, &refused) || *refused != (client.AuthorizationError{Code: code, Description: "because"}) {
				t.Error(err)
			}
			if errors.Is(err, client.ErrAccessDenied) != (code == "access_denied") {
				t.Errorf("is it a denial? %v", err)
			}
			if _, err := d.client.Finish(t.Context(), redirect); !errors.Is(err, client.ErrNoPendingLogin) {
				t.Errorf("again: %v", err)
			}
			d.wantNothingSent(0)
		})
	}
}

func TestPendingLoginIsUsedOnce(t *testing.T) {
	d := newDevice(t)
	redirect := d.accept(d.start())
	hc, err := d.client.Finish(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	sent := len(d.app.Requests())
	if _, err := d.client.Finish(t.Context(), redirect); !errors.Is(err, client.ErrNoPendingLogin) {
		t.Errorf("replayed: %v", err)
	}
	d.wantNothingSent(sent)
	d.wantUserinfo(hc) // nobody was logged out by the replay
}

func TestOneOfManyFinishes(t *testing.T) {
	d := newDevice(t)
	redirect := d.accept(d.start())
	errs := make(chan error, 16)
	var all sync.WaitGroup
	for range cap(errs) {
		all.Go(func() {
			_, err := d.client.Finish(t.Context(), redirect)
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	won := 0
	for err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, client.ErrNoPendingLogin):
			t.Error(err)
		}
	}
	if won != 1 || d.requests("", "/token") != 1 {
		t.Errorf("%d finished, the code was sent %d times", won, d.requests("", "/token"))
	}
}

func TestPendingLoginIsLost(t *testing.T) {
	d := newDevice(t)
	redirect := d.accept(d.start())
	d.config.Store = new(client.Memory)
	d.restart()
	if _, err := d.client.Finish(t.Context(), redirect); !errors.Is(err, client.ErrNoPendingLogin) {
		t.Error(err)
	}
	d.wantNothingSent(0)
}

func TestPendingLoginExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(t)
		link := d.start()
		time.Sleep(59 * time.Minute)
		if _, err := d.client.Finish(t.Context(), d.accept(link)); err != nil {
			t.Fatal(err)
		}
		link = d.start()
		time.Sleep(61 * time.Minute)
		if _, err := d.client.Finish(t.Context(), d.accept(link)); !errors.Is(err, client.ErrNoPendingLogin) {
			t.Error(err)
		}
	})
}

func TestStartedWithAnotherRedirectURI(t *testing.T) {
	d := newDevice(t)
	d.config.RedirectURI = "http://127.0.0.1:4711/done"
	d.restart()
	redirect := d.accept(d.start())
	d.config.RedirectURI = "http://127.0.0.1:4712/done"
	d.restart()
	for _, r := range []string{redirect, strings.Replace(redirect, "4711", "4712", 1)} {
		if _, err := d.client.Finish(t.Context(), r); !errors.Is(err, client.ErrRedirect) {
			t.Errorf("%s: %v", r, err)
		}
	}
	d.wantNothingSent(0)
}

func TestUnreadablePendingLoginsAreGivenUp(t *testing.T) {
	d := newDevice(t)
	d.config.Store = garbled{}
	d.restart()
	if _, err := d.client.Finish(t.Context(), redirectURI+"?code=a&state=b&iss="+issuer); !errors.Is(err, client.ErrNoPendingLogin) {
		t.Error(err)
	}
	if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
		t.Error(err)
	}
	d.start()
}
