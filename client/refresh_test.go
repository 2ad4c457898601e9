package client_test

import (
	"errors"
	"testing"

	"github.com/offlineauth/offlineauth/client"
)

func TestRefresh(t *testing.T) {
	eachWay(t, func(t *testing.T, d *device) {
		if err := d.client.Refresh(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
			t.Errorf("without a login: %v", err)
		}
		hc := d.login()
		for range 3 {
			if err := d.client.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.wantUserinfo(hc)
		}
		if n := d.requests("", "/token"); n != 4 {
			t.Errorf("%d token requests", n)
		}
	})
}

// What another process renewed in the meantime is new enough.
func TestRefreshTakesWhatIsNewer(t *testing.T) {
	d := newDevice(t)
	d.login()
	first := d.client
	d.restart()
	if err := errors.Join(d.client.Refresh(t.Context()), first.Refresh(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := d.requests("", "/token"); n != 2 {
		t.Errorf("%d token requests", n)
	}
}

func TestRefreshFails(t *testing.T) {
	d := newDevice(t)
	hc := d.login()
	d.intercept("/token", answers(503, "application/json", `{"error":"temporarily_unavailable"}`))
	var refused *client.TokenError
	if err := d.client.Refresh(t.Context()); !errors.As(err, &refused) {
		t.Error(err)
	}
	d.wantUserinfo(hc) // by the token before
	d.app.Intercept(nil)
	d.app.EndLogins()
	if err := d.client.Refresh(t.Context()); !errors.Is(err, client.ErrLoginRequired) {
		t.Error(err)
	}
}

// Without a refresh token a good access token is all there is.
func TestRefreshWithoutRefreshToken(t *testing.T) {
	d := newDevice(t)
	d.config.Scopes = []string{"profile"}
	d.restart()
	hc := d.login()
	if err := d.client.Refresh(t.Context()); !errors.Is(err, client.ErrLoginRequired) {
		t.Error(err)
	}
	d.wantUserinfo(hc)
	d.restart()
	stored, err := d.client.HTTPClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(stored)
}
