package authz_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
)

func TestPromptNoneSaysWhyThePersonHasToBeAsked(t *testing.T) {
	for name, test := range map[string]struct {
		changes map[string][]string
		before  func(d *desk)
		code    string
	}{
		"nothing was allowed": {code: "consent_required"},
		"more is asked for": {
			before:  func(d *desk) { d.allow(map[string][]string{"scope": {"openid"}}, authz.Decision{}) },
			changes: map[string][]string{"scope": {"openid profile"}}, code: "consent_required",
		},
		"an unattested caller": {
			before: func(d *desk) { d.allow(nil, authz.Decision{}); d.caller.Identity = "" },
			code:   "interaction_required",
		},
		"nobody of that name": {changes: map[string][]string{"login_hint": {"karim"}}, code: "login_required"},
		"two accounts": {
			before: func(d *desk) {
				d.allow(nil, authz.Decision{})
				if _, err := d.server.AddAccount(d.Context(), "karim", ""); err != nil {
					d.Fatal(err)
				}
			},
			code: "account_selection_required",
		},
		"an invented hint": {changes: map[string][]string{"id_token_hint": {"a.b.c"}}, code: "login_required"},
		"max_age=0": {
			before:  func(d *desk) { d.allow(nil, authz.Decision{}) },
			changes: map[string][]string{"max_age": {"0"}}, code: "login_required",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := attested(t)
			if test.before != nil {
				test.before(d)
			}
			changes := map[string][]string{"prompt": {"none"}}
			for k, v := range test.changes {
				changes[k] = v
			}
			before := d.store.Commits()
			_, err := d.server.Begin(t.Context(), d.push(pushForm(changes)))
			if response := refusedWithRedirect(t, err, test.code); response.State == nil || response.Issuer != issuer {
				t.Errorf("redirect %+v", response)
			}
			if got := d.store.Commits() - before; got != 1 { // the push
				t.Errorf("%d commits", got)
			}
		})
	}
}

func TestPromptNoneIsAnsweredIfNobodyHasToBeAsked(t *testing.T) {
	d := attested(t)
	d.allow(nil, authz.Decision{})
	none := map[string][]string{"prompt": {"none"}, "login_hint": {"amina"}, "max_age": {"3600"}}
	if i := d.begin(d.push(pushForm(none))); i.Launch == nil {
		t.Fatalf("got %+v", i)
	}
}

func TestMaxAgeAndPromptLogin(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes map[string][]string
		age     time.Duration // how long ago the person authenticated, at the decision
		ok      bool
	}{
		{"now", map[string][]string{"prompt": {"login"}}, 0, true},
		{"during the request", map[string][]string{"prompt": {"login"}}, time.Minute, true},
		{"before it", map[string][]string{"prompt": {"login"}}, time.Minute + time.Second, false},
		{"recently enough", map[string][]string{"max_age": {"300"}}, 5 * time.Minute, true},
		{"too long ago", map[string][]string{"max_age": {"300"}}, 5*time.Minute + time.Second, false},
		{"max_age=0, before", map[string][]string{"max_age": {"0"}}, time.Minute + time.Second, false},
		{"max_age=0, during", map[string][]string{"max_age": {"0"}}, time.Minute, true},
		{"neither is sent", nil, 30 * 24 * time.Hour, true},
		{"in the future", map[string][]string{"max_age": {"300"}}, -time.Hour, true}, // counts as now
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				began := time.Now()
				i := d.begin(link(test.changes))
				time.Sleep(time.Minute)
				if test.changes == nil != i.AuthAfter.IsZero() || i.AuthAfter.After(began) {
					t.Errorf("AuthAfter %v", i.AuthAfter)
				}
				decision := authz.Decision{AccountID: d.account.ID, AuthTime: time.Now().Add(-test.age)}
				_, err := d.server.Approve(t.Context(), i.ID, decision)
				if test.ok {
					if err != nil {
						t.Error(err)
					}
					return
				}
				refused(t, err, "login_required")
				decision.AuthTime = time.Time{} // the request waits for a person who authenticates now
				if _, err := d.server.Approve(t.Context(), i.ID, decision); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func (d *desk) grantedBefore(i authz.Interaction) []string {
	d.Helper()
	scopes, err := d.server.GrantedBefore(d.Context(), i, d.account.ID)
	if err != nil {
		d.Fatal(err)
	}
	return scopes
}

func TestAnInteractionSaysWhoIsAsked(t *testing.T) {
	d := newDesk(t)
	first := d.begin(link(map[string][]string{"prompt": {"select_account consent"}, "scope": {"openid"}}))
	if !first.SelectAccount || !first.New || len(d.grantedBefore(first)) != 0 || first.AccountID != "" {
		t.Errorf("at first %+v", first)
	}
	d.accept(first, authz.Decision{})
	second := d.begin(link(nil))
	if second.SelectAccount || second.New || !slices.Equal(d.grantedBefore(second), []string{"openid"}) {
		t.Errorf("then %+v", second)
	}
	d.accept(second, authz.Decision{})
	if g := d.onlyGrant(); !slices.Equal(g.Scopes, []string{"openid", "profile"}) { // it grew
		t.Errorf("grant %+v", g)
	}
	if _, err := d.server.RevokeGrants(t.Context(), "", "maths"); err != nil {
		t.Fatal(err)
	}
	if third := d.begin(link(nil)); third.New || len(d.grantedBefore(third)) != 0 { // it was let in once
		t.Errorf("at last %+v", third)
	}
}

func TestIDTokenHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := attested(t)
		tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.allow(nil, authz.Decision{}).Code)))
		hint := map[string][]string{"id_token_hint": {tokens.text("id_token")}, "prompt": {"none"}}
		karim, err := d.server.AddAccount(t.Context(), "karim", "")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour) // it has expired, and is a hint all the same
		if i := d.begin(d.push(pushForm(hint))); i.Launch == nil {
			t.Fatalf("got %+v", i)
		}
		hint["prompt"] = nil
		i := d.begin(link(hint))
		if i.AccountID != d.account.ID {
			t.Errorf("the request is for %q", i.AccountID)
		}
		_, err = d.server.Approve(t.Context(), i.ID, authz.Decision{AccountID: karim.ID})
		refused(t, err, "invalid_request")
		d.accept(i, authz.Decision{})

		// Neither another kind of token nor another client's says anything.
		hint["id_token_hint"] = []string{tokens.text("access_token")}
		if i := d.begin(link(hint)); i.AccountID != "" {
			t.Error("an access token was taken for a hint")
		}
		d.register(authz.Registration{ID: "other", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
		hint["id_token_hint"], hint["client_id"] = []string{tokens.text("id_token")}, []string{"other"}
		if i := d.begin(link(hint)); i.AccountID != "" {
			t.Error("the ID token of another client was taken for a hint")
		}

		delete(hint, "client_id")
		if err := d.server.RemoveAccount(t.Context(), "amina"); err != nil {
			t.Fatal(err)
		}
		_, err = d.server.Begin(t.Context(), link(hint))
		refusedWithRedirect(t, err, "login_required")
	})
}
