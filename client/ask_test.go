package client_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/client"
)

func TestStartAs(t *testing.T) {
	d, _ := newSocketDevice(t)
	started, err := d.client.StartAs(t.Context(), client.Ask{Prompt: "login consent", LoginHint: "amina", MaxAge: 90*time.Second + time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"prompt": "login consent", "login_hint": "amina", "max_age": "90"} {
		if got := link.Query().Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, err := d.client.StartAs(t.Context(), client.Ask{Prompt: "none login"}); err == nil {
		t.Error("a prompt that no server takes was sent")
	}
	plain, err := d.client.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if link, err = url.Parse(plain.URL); err != nil || link.Query().Has("prompt") || link.Query().Has("max_age") || link.Query().Has("login_hint") {
		t.Errorf("link %s, %v", plain.URL, err)
	}
	pushed, err := d.client.StartAs(t.Context(), client.Ask{Pushed: true, LoginHint: "amina"})
	if err != nil {
		t.Fatal(err)
	}
	if link, err = url.Parse(pushed.URL); err != nil || len(link.Query()) != 2 {
		t.Errorf("link %s, %v", pushed.URL, err)
	}
}

// The fake authorization app does not say when the person authenticated.
func TestMaxAgeIsChecked(t *testing.T) {
	d, _ := newSocketDevice(t)
	started, err := d.client.StartAs(t.Context(), client.Ask{MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := d.app.Accept(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.client.Finish(t.Context(), redirect); err == nil {
		t.Error("a login of nobody knows when was accepted")
	}
	d.config.Scopes = []string{"profile"}
	d.restart()
	if _, err := d.client.StartAs(t.Context(), client.Ask{MaxAge: time.Hour}); err == nil {
		t.Error("max_age without an ID token to show it")
	}
}
