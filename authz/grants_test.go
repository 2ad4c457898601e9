package authz_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

func (d *desk) onlyGrant() store.Grant {
	d.Helper()
	grants, err := d.server.Grants(d.Context(), d.account.ID)
	if err != nil || len(grants) != 1 {
		d.Fatalf("grants %+v, %v", grants, err)
	}
	return grants[0]
}

func TestRevokedGrantEndsEverythingBeneathIt(t *testing.T) {
	d := newDesk(t)
	first, second := d.login(), d.login()
	waiting := codeForm(d.approve(link(nil)).Code)
	grant := d.onlyGrant()
	if grant.ClientID != "maths" || len(grant.Scopes) != 2 {
		t.Errorf("grant %+v", grant)
	}
	if err := d.server.RevokeGrant(t.Context(), grant.ID); err != nil {
		t.Fatal(err)
	}
	for _, tokens := range []answer{first, second} {
		if d.live(tokens.text("access_token")) {
			t.Error("an access token survived")
		}
		d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(tokens.text("refresh_token"))))
	}
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", waiting))
	if grants, err := d.server.Grants(t.Context(), ""); err != nil || len(grants) != 0 {
		t.Errorf("grants %+v, %v", grants, err)
	}
	trail := d.trail()
	if last := trail[len(trail)-1]; last.Kind != "revoked" || last.ClientID != "maths" || last.AccountID != d.account.ID {
		t.Errorf("trail ends with %+v", last)
	}

	again := d.login() // the app asks again, and what was revoked stays so
	if d.live(first.text("access_token")) || !d.live(again.text("access_token")) || d.onlyGrant().ID == grant.ID {
		t.Error("the new login revived the old grant")
	}
}

func TestGrantsAreOfTheirAccount(t *testing.T) {
	d := newDesk(t)
	d.login()
	other, err := d.server.AddAccount(t.Context(), "karim", "")
	if err != nil {
		t.Fatal(err)
	}
	if grants, err := d.server.Grants(t.Context(), other.ID); err != nil || len(grants) != 0 {
		t.Errorf("grants of another account %+v, %v", grants, err)
	}
}

func TestRevokingWhatIsNotThere(t *testing.T) {
	d := newDesk(t)
	if err := d.server.RevokeGrant(t.Context(), "unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	d.login()
	grant := d.onlyGrant()
	for range 2 {
		if err := d.server.RevokeGrant(t.Context(), grant.ID); err != nil {
			t.Error(err)
		}
	}
}

// TestGrantSaysWhenItWasLastUsed: by a token issued or honoured, without a commit
// for a token that is only shown.
func TestGrantSaysWhenItWasLastUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.approve(link(nil))
		if used := d.onlyGrant().LastUsedAt; !used.IsZero() {
			t.Errorf("used at %v before there was a token", used)
		}
		tokens := d.login()
		if used := d.onlyGrant().LastUsedAt; !used.Equal(time.Now()) {
			t.Errorf("after the login: %v", used)
		}
		time.Sleep(5 * time.Minute)
		before := d.store.Commits()
		if !d.live(tokens.text("access_token")) {
			t.Fatal("the token is not honoured")
		}
		if used := d.onlyGrant().LastUsedAt; !used.Equal(time.Now()) || d.store.Commits() != before {
			t.Errorf("after the token was shown: %v, %d commits", used, d.store.Commits()-before)
		}
		time.Sleep(5 * time.Minute)
		d.live("forged")
		d.post("/token", refreshForm("unknown"))
		if used := d.onlyGrant().LastUsedAt; !used.Equal(time.Now().Add(-5 * time.Minute)) {
			t.Errorf("after refusals: %v", used)
		}
	})
}

func TestGrantsAreRevokedByWhoAndToWhom(t *testing.T) {
	d := newDesk(t)
	karim, err := d.server.AddAccount(t.Context(), "karim", "")
	if err != nil {
		t.Fatal(err)
	}
	d.register(authz.Registration{ID: "sums", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
	grantAll := func() {
		for _, account := range []string{d.account.ID, karim.ID} {
			for _, client := range []string{"maths", "sums"} {
				d.accept(d.begin(link(map[string][]string{"client_id": {client}})), authz.Decision{AccountID: account})
			}
		}
	}
	for _, test := range []struct {
		account, client string
		revoked         int
	}{{d.account.ID, "", 2}, {"", "maths", 2}, {karim.ID, "sums", 1}, {karim.ID, "nobody", 0}, {"", "", 4}} {
		grantAll()
		before := d.store.Commits()
		n, err := d.server.RevokeGrants(t.Context(), test.account, test.client)
		if err != nil || n != test.revoked || d.store.Commits()-before > 1 {
			t.Errorf("%+v: %d revoked, %v", test, n, err)
		}
		left, err := d.server.Grants(t.Context(), "")
		if err != nil || len(left) != 4-n {
			t.Errorf("%+v: %d left, %v", test, len(left), err)
		}
		for _, g := range left {
			if (test.account == "" || g.AccountID == test.account) && (test.client == "" || g.ClientID == test.client) {
				t.Errorf("%+v: left %+v", test, g)
			}
		}
	}
}

func TestAGrantHasItsLogins(t *testing.T) {
	d := newDesk(t)
	ended := d.login()
	d.login()
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {ended.text("refresh_token")}}))
	logins, err := d.server.GrantedLogins(t.Context(), d.onlyGrant().ID)
	if err != nil || len(logins) != 1 || logins[0].AccountID != d.account.ID {
		t.Errorf("%+v, %v", logins, err)
	}
	if logins, err := d.server.GrantedLogins(t.Context(), "unknown"); err != nil || len(logins) != 0 {
		t.Errorf("%+v, %v", logins, err)
	}
}
