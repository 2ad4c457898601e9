package authz_test

import (
	"net/http"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
)

const (
	mathsApp = "android:com.example.maths#aa"
	otherApp = "android:com.example.other#bb"
)

func TestALoginBelongsToTheAppThatRedeemsItsCode(t *testing.T) {
	d := newDesk(t) // a plain link: who redeems the code is the first the system says of the app
	d.caller.Identity = mathsApp
	form := codeForm(d.approve(link(nil)).Code)
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))
	d.bound(tokens, mathsApp)

	for _, identity := range []string{otherApp, ""} {
		d.caller.Identity = identity
		d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(tokens.text("refresh_token"))))
		d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form)) // and a replay by it ends nothing
	}
	d.caller.Identity = mathsApp
	d.bound(d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token")))), mathsApp)
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	if d.live(tokens.text("access_token")) {
		t.Error("a replay by the app itself ends nothing")
	}
}

func TestAnUnattestedLoginIsBoundToNobody(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	d.bound(tokens, "")
	d.caller.Identity = mathsApp // the same app, seen over a transport that attests
	d.bound(d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token")))), "")
}

func TestAClientIsServedToItsAppsAlone(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}, Identities: []string{mathsApp, "flatpak:org.example.Maths"}})
	form := codeForm(d.approve(link(nil)).Code)
	for _, caller := range []ipcapi.Caller{{Identity: otherApp}, {UID: 1000, PID: 1}, {}} {
		d.expect(http.StatusUnauthorized, "invalid_client", d.postAs(t.Context(), caller, "/token", form))
	}
	d.caller.Identity = "flatpak:org.example.Maths"
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))
	d.bound(tokens, "flatpak:org.example.Maths")
	d.caller.Identity = mathsApp // also an app of the client, but not the one that logged in
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(tokens.text("refresh_token"))))
}

func TestTheRedirectIsAddressedToTheOneRegisteredApp(t *testing.T) {
	for _, test := range []struct {
		identities []string
		app        string
	}{{nil, ""}, {[]string{mathsApp}, mathsApp}} {
		d := newDesk(t)
		d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}, Identities: test.identities})
		interaction, err := d.server.Begin(t.Context(), link(nil))
		if err != nil {
			t.Fatal(err)
		}
		launch, err := d.server.Approve(t.Context(), interaction.ID, authz.Decision{AccountID: d.account.ID})
		if err != nil || launch.App != test.app {
			t.Errorf("launch %+v, %v", launch, err)
		}
	}
}

// bound fails the test unless the access token names app as the one to call.
func (d *desk) bound(tokens answer, app string) {
	d.Helper()
	token, err := d.server.Introspect(d.Context(), tokens.text("access_token"))
	if err != nil || token.App != app {
		d.Errorf("bound to %q, want %q (%v)", token.App, app, err)
	}
}
