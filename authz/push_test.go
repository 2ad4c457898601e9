package authz_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// pushForm is what a client pushes: the parameters of the link.
func pushForm(changes map[string][]string) url.Values {
	u, err := url.Parse(link(changes))
	if err != nil {
		panic(err)
	}
	return u.Query()
}

// push pushes a request and returns the link that refers to it.
func (d *desk) push(form url.Values, change ...func(*http.Request)) string {
	d.Helper()
	a := d.expect(http.StatusCreated, "", d.post("/par", form, change...))
	return issuer + "/authorize?" + url.Values{"client_id": {form.Get("client_id")}, "request_uri": {a.text("request_uri")}}.Encode()
}

func TestPushedLogin(t *testing.T) {
	d := newDesk(t)
	d.caller.Identity = "uid:10012"
	before := d.store.Commits()
	pushedLink := d.push(pushForm(nil))
	interaction, err := d.server.Begin(t.Context(), pushedLink)
	if err != nil {
		t.Fatal(err)
	}
	if interaction.Identity != "uid:10012" || interaction.ClientName != "Maths" || interaction.Registered {
		t.Errorf("interaction %+v", interaction)
	}
	launch, err := d.server.Approve(t.Context(), interaction.ID, authz.Decision{AccountID: d.account.ID})
	if err != nil {
		t.Fatal(err)
	}
	if launch.App != "uid:10012" {
		t.Errorf("the redirect may go to %q", launch.App)
	}
	response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil {
		t.Fatal(err)
	}
	thief := d.caller
	thief.Identity = "uid:10013"
	d.expect(http.StatusBadRequest, "invalid_grant", d.postAs(t.Context(), thief, "/token", codeForm(response.Code)))
	d.expect(http.StatusOK, "", d.post("/token", codeForm(response.Code)))
	if got := d.store.Commits() - before; got != 4 { // one of them puts the thief into the audit trail
		t.Errorf("a pushed login took %d commits", got)
	}
	_, err = d.server.Begin(t.Context(), pushedLink)
	refused(t, err, "invalid_request_uri")
}

func TestPushedRequestOfAnUnattestedCallerSaysSo(t *testing.T) {
	d := newDesk(t)
	interaction, err := d.server.Begin(t.Context(), d.push(pushForm(nil)))
	if err != nil || interaction.Identity != "" {
		t.Errorf("%+v, %v", interaction, err)
	}
}

func TestPushIsRefused(t *testing.T) {
	d := newDesk(t)
	for name, test := range map[string]struct {
		changes map[string][]string
		code    string
	}{
		"another redirect URI":   {map[string][]string{"redirect_uri": {"com.example.maths:/elsewhere"}}, "invalid_request"},
		"unknown scope":          {map[string][]string{"scope": {"moon"}}, "invalid_scope"},
		"no challenge":           {map[string][]string{"code_challenge": nil}, "invalid_request"},
		"a reference to another": {map[string][]string{"request_uri": {"urn:ietf:params:oauth:request_uri:x"}}, "invalid_request"},
		"unknown resource":       {map[string][]string{"resource": {"https://nobody.example"}}, "invalid_target"},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.store.Commits()
			d.expect(http.StatusBadRequest, test.code, d.post("/par", pushForm(test.changes)))
			if d.store.Commits() != before {
				t.Error("a refused request was written")
			}
		})
	}
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/par", pushForm(map[string][]string{"client_id": {"nobody"}})))
}

func TestPushIsForTheRegisteredApp(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}, Identities: []string{"uid:10012", "uid:10022"}})
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/par", pushForm(nil)))
	d.caller.Identity = "uid:10022"
	interaction, err := d.server.Begin(t.Context(), d.push(pushForm(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if !interaction.Registered {
		t.Error("the app is registered, and the person is not told")
	}
	launch, err := d.server.Deny(t.Context(), interaction.ID, authz.Decision{})
	if err != nil || launch.App != "uid:10022" {
		t.Errorf("the denial goes to %q, %v", launch.App, err)
	}
}

func TestPushedRequestsAreOursAlone(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "other", RedirectURIs: []string{"com.example.other:/done"}, Scopes: []string{"openid"}})
	stolen := strings.Replace(d.push(pushForm(nil)), "client_id=maths", "client_id=other", 1)
	_, err := d.server.Begin(t.Context(), stolen)
	refused(t, err, "invalid_request_uri")
	_, err = d.server.Begin(t.Context(), issuer+"/authorize?client_id=maths&request_uri=urn:ietf:params:oauth:request_uri:invented")
	refused(t, err, "invalid_request_uri")
	_, err = d.server.Begin(t.Context(), issuer+"/authorize?client_id=maths&request_uri=https%3A%2F%2Fevil.example%2Frequest")
	refused(t, err, "invalid_request_uri")
}

func TestOnePushedRequestIsOneInteraction(t *testing.T) {
	d := newDesk(t)
	pushedLink := d.push(pushForm(nil))
	ids := make([]string, 20)
	var launches sync.WaitGroup
	for i := range ids {
		launches.Go(func() {
			interaction, err := d.server.Begin(t.Context(), pushedLink)
			if err != nil {
				t.Error(err)
			}
			ids[i] = interaction.ID
		})
	}
	launches.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("interactions %q", ids)
		}
	}
}

func TestNobodyFillsTheDiskWithPushedRequests(t *testing.T) {
	d := newDesk(t)
	for range 32 {
		d.push(pushForm(nil))
	}
	d.expect(http.StatusServiceUnavailable, "temporarily_unavailable", d.post("/par", pushForm(nil)))
	d.caller.Identity = "uid:10012" // another app is not made to wait for it
	d.push(pushForm(nil))
}
