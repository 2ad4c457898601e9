package authz_test

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// A clock that is set back must find nothing of what was seen expired. The clock
// of a test cannot go back, so what is looked at are the records.

func TestWhatWasSeenExpiredIsGone(t *testing.T) {
	for _, test := range []struct {
		name      string
		lifetimes authz.Lifetimes
		present   func(d *desk, code, refresh string) error // what has expired; returns what the store says of it then
	}{
		{"code", authz.Lifetimes{}, func(d *desk, code, _ string) error {
			d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", codeForm(code)))
			return gone(d.loginOf(code).Code.IsZero())
		}},
		{"refresh token", authz.Lifetimes{RefreshIdle: time.Hour}, func(d *desk, _, refresh string) error {
			d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(refresh)))
			return gone(!d.loginOf(refresh).Refresh.Knows(hashOf(refresh)))
		}},
		{"login", authz.Lifetimes{RefreshTotal: time.Hour}, func(d *desk, _, refresh string) error {
			id := d.loginOf(refresh).ID
			d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(refresh)))
			_, err := d.store.Authorizations.Get(d.Context(), id)
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, func(c *authz.Config) { c.Lifetimes = test.lifetimes })
				code, refresh := d.approve(link(nil)).Code, d.login().text("refresh_token")
				time.Sleep(2 * time.Hour)
				if err := test.present(d, code, refresh); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("the record is still there: %v", err)
				}
			})
		})
	}
}

// gone is what the store says of a record that is there or not.
func gone(is bool) error {
	if is {
		return store.ErrNotFound
	}
	return nil
}

// loginOf returns the record that a code or a refresh token names.
func (d *desk) loginOf(token string) store.Authorization {
	d.Helper()
	id, _, _ := strings.Cut(token, ".")
	login, err := d.store.Authorizations.Get(d.Context(), id)
	if err != nil {
		d.Fatal(err)
	}
	return login
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func TestAnExpiredLoginTakesItsAccessTokenAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(c *authz.Config) {
			c.Lifetimes = authz.Lifetimes{RefreshTotal: time.Minute, AccessToken: time.Hour}
		})
		tokens := d.login()
		time.Sleep(2 * time.Minute)
		if d.live(tokens.text("access_token")) {
			t.Error("the access token outlives its login")
		}
	})
}

func TestEachRefreshStartsTheIdleTimeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(c *authz.Config) {
			c.Lifetimes = authz.Lifetimes{RefreshIdle: time.Hour, RefreshTotal: 150 * time.Minute}
		})
		refresh := d.login().text("refresh_token")
		for range 3 { // at about 50, 100 and 149 minutes
			time.Sleep(50*time.Minute - 20*time.Second)
			refresh = d.expect(http.StatusOK, "", d.post("/token", refreshForm(refresh))).text("refresh_token")
		}
		tokens := d.expect(http.StatusOK, "", d.post("/token", refreshForm(refresh)))
		refresh = tokens.text("refresh_token")
		time.Sleep(time.Minute) // the login as a whole is over, however often it was refreshed
		if d.live(tokens.text("access_token")) {
			t.Error("an access token outlives its login")
		}
		d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(refresh)))
	})
}
