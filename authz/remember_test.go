package authz_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// allow plays a pushed request and a person who accepts it, and returns the redirect.
func (d *desk) allow(changes map[string][]string, decision authz.Decision) *linkhandler.Response {
	d.Helper()
	return d.accept(d.begin(d.push(pushForm(changes))), decision)
}

func (d *desk) accept(i authz.Interaction, decision authz.Decision) *linkhandler.Response {
	d.Helper()
	if i.Launch != nil {
		d.Fatalf("nobody was asked: %s", i.Launch.URI)
	}
	if decision.AccountID == "" {
		decision.AccountID = d.account.ID
	}
	launch, err := d.server.Approve(d.Context(), i.ID, decision)
	if err != nil {
		d.Fatal(err)
	}
	return d.response(launch)
}

func (d *desk) response(launch linkhandler.Launch) *linkhandler.Response {
	d.Helper()
	response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil {
		d.Fatal(err)
	}
	return response
}

// attested is a desk whose client calls from an app that the system knows.
func attested(t *testing.T, change ...func(*authz.Config)) *desk {
	d := newDesk(t, change...)
	d.caller.Identity = "uid:10012"
	return d
}

func TestWhatWasAllowedIsRemembered(t *testing.T) {
	d := attested(t)
	d.allow(nil, authz.Decision{})
	before := d.store.Commits()
	pushed := d.push(pushForm(nil))
	i := d.begin(pushed)
	if i.Launch == nil || i.Launch.App != "uid:10012" {
		t.Fatalf("the person is asked: %+v", i)
	}
	response := d.response(*i.Launch)
	if response.State == nil || *response.State != "state-of-the-client" || response.Issuer != issuer || response.IPCService != mathsService {
		t.Errorf("redirect %+v", response)
	}
	tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(response.Code)))
	if got := d.store.Commits() - before; got != 3 || tokens.text("scope") != "openid profile" {
		t.Errorf("%d commits, tokens %v", got, tokens.body)
	}
	_, err := d.server.Begin(t.Context(), pushed)
	refused(t, err, "invalid_request_uri")
	if trail := d.trail(); trail[len(trail)-2].Kind != "approved" || trail[len(trail)-2].Detail != "remembered" {
		t.Errorf("the trail does not say it: %+v", trail)
	}
}

func TestWhoIsAskedAgain(t *testing.T) {
	const other = "uid:10013"
	for name, test := range map[string]struct {
		changes  map[string][]string
		decision authz.Decision
		before   func(d *desk)
	}{
		"another app":          {before: func(d *desk) { d.caller.Identity = other }},
		"an unattested caller": {before: func(d *desk) { d.caller.Identity = "" }},
		"more scopes":          {changes: map[string][]string{"scope": {"openid profile offline_access"}}},
		"another API":          {changes: map[string][]string{"resource": {"https://notes.example"}}},
		"prompt=consent":       {changes: map[string][]string{"prompt": {"consent"}}},
		"prompt=login":         {changes: map[string][]string{"prompt": {"login"}}},
		"select_account":       {changes: map[string][]string{"prompt": {"select_account"}}},
		"allowed once":         {decision: authz.Decision{Once: true}},
		"allowed in part":      {decision: authz.Decision{Scopes: []string{"openid"}}},
		"a grant revoked": {before: func(d *desk) {
			if err := d.server.RevokeGrant(d.Context(), d.onlyGrant().ID); err != nil {
				d.Fatal(err)
			}
		}},
		"a client that is another app's now": {before: func(d *desk) {
			pushed := d.push(pushForm(nil))
			d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: allScopes, Identities: []string{other}})
			if i := d.begin(pushed); i.Launch != nil {
				d.Error("nobody was asked")
			}
			d.caller.Identity = other
		}},
		"an account with a PIN": {before: func(d *desk) { d.setPIN("4071") }},
		"one of two accounts": {before: func(d *desk) {
			if _, err := d.server.AddAccount(d.Context(), "karim", ""); err != nil {
				d.Fatal(err)
			}
		}},
		"another account": {
			changes: map[string][]string{"login_hint": {"karim"}},
			before: func(d *desk) {
				if _, err := d.server.AddAccount(d.Context(), "karim", ""); err != nil {
					d.Fatal(err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := attested(t)
			d.register(authz.Registration{ID: "notes-api", Resources: []string{"https://notes.example"}, Secret: true})
			d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: allScopes})
			d.allow(nil, test.decision)
			if test.before != nil {
				test.before(d)
			}
			if i := d.begin(d.push(pushForm(test.changes))); i.Launch != nil {
				t.Errorf("nobody was asked: %s", i.Launch.URI)
			}
		})
	}
}

var allScopes = []string{"openid", "profile", "offline_access"}

// A plain link names no caller, whatever app it is that comes.
func TestAPlainLinkIsAlwaysAsked(t *testing.T) {
	d := attested(t)
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: allScopes, Identities: []string{"uid:10012"}})
	d.allow(nil, authz.Decision{})
	if i := d.begin(link(nil)); i.Launch != nil {
		t.Errorf("nobody was asked: %s", i.Launch.URI)
	}
}

func TestScopesAreRememberedTogetherWithTheirAPI(t *testing.T) {
	d := attested(t)
	d.register(authz.Registration{ID: "notes-api", Resources: []string{"https://notes.example"}, Secret: true})
	d.allow(map[string][]string{"scope": {"openid"}, "resource": {"https://notes.example"}}, authz.Decision{})
	d.allow(map[string][]string{"scope": {"profile"}}, authz.Decision{})
	for _, test := range []struct {
		scope, resource string
		asked           bool
	}{
		{"openid", "https://notes.example", false}, {"profile", "", false}, {"profile", "https://notes.example", true}, {"openid", "", true},
	} {
		i := d.begin(d.push(pushForm(map[string][]string{"scope": {test.scope}, "resource": {test.resource}})))
		if (i.Launch == nil) != test.asked {
			t.Errorf("%s at %q: asked is %v", test.scope, test.resource, i.Launch == nil)
		}
	}
}

func TestRememberedAnswersAreFiftyADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := attested(t)
		d.allow(nil, authz.Decision{})
		for n := range 50 {
			if i := d.begin(d.push(pushForm(nil))); i.Launch == nil {
				t.Fatalf("the person is asked at the %dth", n+1)
			}
		}
		none := map[string][]string{"prompt": {"none"}}
		_, err := d.server.Begin(t.Context(), d.push(pushForm(none)))
		refusedWithRedirect(t, err, "interaction_required")
		if i := d.begin(d.push(pushForm(nil))); i.Launch != nil {
			t.Error("nobody is asked at the 51st")
		}
		time.Sleep(24 * time.Hour)
		if i := d.begin(d.push(pushForm(none))); i.Launch == nil {
			t.Error("the person is asked on the next day")
		}
	})
}

func TestARememberedLoginSaysWhenThePersonWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := attested(t)
		there := time.Now().Add(-time.Minute).Truncate(time.Second)
		d.allow(nil, authz.Decision{AuthTime: there, ACR: authz.ACRPIN})
		time.Sleep(time.Hour)
		i := d.begin(d.push(pushForm(nil)))
		tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.response(*i.Launch).Code)))
		for _, kind := range []string{"id_token", "access_token"} {
			claims := parseJWT(t, tokens.text(kind)).Claims.(jwt.MapClaims)
			if claims["auth_time"] != float64(there.Unix()) || claims["acr"] != authz.ACRPIN {
				t.Errorf("%s: %v", kind, claims)
			}
		}
	})
}
