package offlineauth_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/ui"
)

// A directory that was written while the clock was wrong, years ahead. Nobody is
// logged out when it is right again, nothing is in force for years, and nobody is
// kept out until then. The clock of a synctest bubble stands in the year 2000, so
// that all that is written outside of one is from the future.
func TestADirectoryFromTheFuture(t *testing.T) {
	d := newDesk(t)
	tokens := d.expect(http.StatusOK, "", d.redeem(d.consent("openid profile").Code))
	push := func() answer {
		link, err := url.Parse(d.link("openid profile"))
		if err != nil {
			t.Fatal(err)
		}
		return d.post("/par", link.Query())
	}
	for range 32 {
		d.expect(http.StatusCreated, "", push())
	}
	d.expect(http.StatusServiceUnavailable, "temporarily_unavailable", push())
	keys, err := d.server.SigningKeys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("%+v, %v", keys, err)
	}
	if err := d.server.Close(); err != nil {
		t.Fatal(err)
	}

	synctest.Test(t, func(t *testing.T) {
		d.T = t
		d.open()
		defer d.server.Close()

		// An access token that lives for minutes does not live for years; apps refresh.
		d.expect(http.StatusUnauthorized, "", d.get("/userinfo", tokens.field("access_token")))
		refreshed := d.expect(http.StatusOK, "", d.refresh(tokens.field("refresh_token")))
		d.expect(http.StatusOK, "", d.get("/userinfo", refreshed.field("access_token")))

		// The login ends two years from now at the latest, and the key is a new one.
		grants, err := d.server.Grants(t.Context())
		if err != nil || len(grants) != 1 {
			t.Fatalf("%+v, %v", grants, err)
		}
		logins, err := d.server.GrantedLogins(t.Context(), grants[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		bounded := false
		for _, l := range logins {
			bounded = bounded || l.ExpiresAt.Equal(time.Now().AddDate(2, 0, -1)) // 2000 is a leap year
		}
		if !bounded {
			t.Errorf("logins %+v", logins)
		}
		after, err := d.server.SigningKeys(t.Context())
		if err != nil || len(after) != 2 || after[0].ID == keys[0].ID || after[0].CreatedAt.After(time.Now()) {
			t.Errorf("keys %+v, %v", after, err)
		}

		// Requests of the future keep nobody out.
		d.expect(http.StatusCreated, "", push())
		request, err := d.server.Begin(t.Context(), d.link("openid profile"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.server.Resolve(t.Context(), request.ID, ui.Decision{Accept: true, AccountID: request.Accounts[0].ID}, "test"); err != nil {
			t.Error(err)
		}
	})
}
