package authz_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// refusals are the events about strangers, oldest first.
func (d *desk) refusals() (refused []store.Event) {
	d.Helper()
	for _, e := range d.trail() {
		if e.Kind == "refused" {
			refused = append(refused, e)
		}
	}
	return refused
}

func TestThePersonIsToldOfStrangers(t *testing.T) {
	const thief = "uid:10013"
	for name, steal := range map[string]func(d *desk, code string, tokens, own answer) answer{
		"a code": func(d *desk, code string, _, _ answer) answer { return d.post("/token", codeForm(code)) },
		"a refresh token": func(d *desk, _ string, tokens, _ answer) answer {
			return d.post("/token", refreshForm(tokens.text("refresh_token")))
		},
		"a refresh token, to revoke it": func(d *desk, _ string, tokens, _ answer) answer {
			return d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("refresh_token")}})
		},
		"a registration access token": func(d *desk, _ string, _, own answer) answer {
			return d.manage("GET", "/register/"+own.text("client_id"), own.text("registration_access_token"), "")
		},
		"a client identifier": func(d *desk, _ string, _, own answer) answer {
			return d.post("/par", pushForm(map[string][]string{"client_id": {own.text("client_id")}, "redirect_uri": {ownURI}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := attested(t)
			own := d.introduce(ownURI)
			tokens := d.login()
			code := d.allow(map[string][]string{"prompt": {"consent"}}, authz.Decision{}).Code
			d.caller.Identity = thief
			steal(d, code, tokens, own)
			events := d.refusals()
			if len(events) != 1 || events[0].Identity != thief || events[0].UID != 1000 || events[0].ClientID == "" || events[0].Detail == "" {
				t.Errorf("the trail says %+v", events)
			}
			if !d.live(tokens.text("access_token")) {
				t.Error("the login ended")
			}
		})
	}
}

// What is unknown, expired or used is nobody's, and no reason to alarm the person.
func TestMistakesAreNoStrangers(t *testing.T) {
	d := attested(t)
	tokens := d.login()
	form := codeForm(d.approve(link(nil)).Code)
	form.Set("code_verifier", challengeOf("x"))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	d.post("/token", refreshForm("unknown"))
	d.post("/token", codeForm("unknown"))
	d.post("/par", pushForm(map[string][]string{"client_id": {"nobody"}}))
	d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("refresh_token")}})
	d.post("/token", refreshForm(tokens.text("refresh_token")))
	if events := d.refusals(); len(events) != 0 {
		t.Errorf("the trail says %+v", events)
	}
}

func TestAStrangerDoesNotPushOutTheTrail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := attested(t)
		form := refreshForm(d.login().text("refresh_token"))
		for _, thief := range []string{"uid:10013", ""} {
			d.caller.Identity = thief
			for range 30 {
				d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
			}
		}
		if n := len(d.refusals()); n != 40 { // 20 of each
			t.Errorf("%d refusals are recorded", n)
		}
		before := d.store.Commits()
		d.post("/token", form)
		if d.store.Commits() != before {
			t.Error("another one was written")
		}
		time.Sleep(24 * time.Hour)
		d.post("/token", form)
		if n := len(d.refusals()); n != 41 {
			t.Errorf("%d refusals on the next day", n)
		}
	})
}

func TestWitness(t *testing.T) {
	d := attested(t)
	d.server.Witness(t.Context(), authz.Token{Subject: d.account.ID, ClientID: "maths"})
	if events := d.refusals(); len(events) != 1 || events[0].AccountID != d.account.ID || events[0].UID != -1 {
		t.Errorf("the trail says %+v", events)
	}
}
