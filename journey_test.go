package offlineauth_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/ui"
)

// TestTheWholeJourney is the first thing this project is for: a login, with the
// authorization app killed in the middle of it, and what becomes of its tokens.
func TestTheWholeJourney(t *testing.T) {
	d := newDesk(t)

	request, err := d.server.Begin(t.Context(), d.link("openid profile"))
	if err != nil {
		t.Fatal(err)
	}
	if request.Client != "Maths" || request.ReturnTo != redirectURI || len(request.Scopes) != 2 || len(request.Accounts) != 1 {
		t.Errorf("the person is shown %+v", request)
	}
	if again, err := d.server.Consent(t.Context(), request.ID); err != nil || again.ID != request.ID {
		t.Errorf("and, on reloading, %+v, %v", again, err)
	}
	redirect := d.consent("openid profile")
	if redirect.Issuer != issuer || redirect.IPCService != service || redirect.State == nil || *redirect.State != "af0ifjsldkj" {
		t.Errorf("the client receives %+v", redirect)
	}

	d.restart()
	tokens := d.expect(http.StatusOK, "", d.redeem(redirect.Code))
	profile := d.expect(http.StatusOK, "", d.get("/userinfo", tokens.field("access_token")))
	if profile.field("preferred_username") != "amina" || profile.field("name") != "Amina" || profile.field("sub") == "" {
		t.Errorf("userinfo %s", profile.text)
	}

	d.restart()
	d.expect(http.StatusOK, "", d.get("/userinfo", tokens.field("access_token")))
	refreshed := d.expect(http.StatusOK, "", d.refresh(tokens.field("refresh_token")))
	d.expect(http.StatusOK, "", d.get("/userinfo", refreshed.field("access_token")))

	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"token": {refreshed.field("refresh_token")}}))
	for _, token := range []string{tokens.field("access_token"), refreshed.field("access_token")} {
		d.expect(http.StatusUnauthorized, "", d.get("/userinfo", token))
	}
	d.expect(http.StatusBadRequest, "invalid_grant", d.refresh(refreshed.field("refresh_token")))

	d.restart()
	d.expect(http.StatusUnauthorized, "", d.get("/userinfo", refreshed.field("access_token")))
	d.expect(http.StatusBadRequest, "invalid_grant", d.redeem(redirect.Code))
}

func TestAStolenTokenIsRefused(t *testing.T) {
	d := newDesk(t)
	tokens := d.expect(http.StatusOK, "", d.redeem(d.consent("openid").Code))
	for _, identity := range []string{"uid:10013", ""} {
		d.caller.Identity = identity
		d.expect(http.StatusUnauthorized, "", d.get("/userinfo", tokens.field("access_token")))
		d.expect(http.StatusBadRequest, "invalid_grant", d.refresh(tokens.field("refresh_token")))
	}
	d.caller.Identity = "uid:10012"
	d.expect(http.StatusOK, "", d.get("/userinfo", tokens.field("access_token")))

	// The thief learns nothing, the person does: who it was, and whose token.
	trail, err := d.server.Activity(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, identity := range []string{"", "", "uid:10013", "uid:10013"} {
		if e := trail[i]; e.Kind != "refused" || e.Identity != identity || e.ClientID != "maths" || e.AccountID == "" {
			t.Errorf("trail %+v", trail)
		}
	}
}

func TestARemovedAccountIsNobodyToUserinfo(t *testing.T) {
	d := newDesk(t)
	tokens := d.expect(http.StatusOK, "", d.redeem(d.consent("openid profile").Code))
	if err := d.server.RemoveAccount(t.Context(), "amina"); err != nil {
		t.Fatal(err)
	}
	d.expect(http.StatusUnauthorized, "", d.get("/userinfo", tokens.field("access_token")))
}

func TestARemovedClientLosesItsTokens(t *testing.T) {
	d := newDesk(t)
	tokens := d.expect(http.StatusOK, "", d.redeem(d.consent("openid profile").Code))
	if err := d.server.RemoveClient(t.Context(), "maths"); err != nil {
		t.Fatal(err)
	}
	d.expect(http.StatusUnauthorized, "", d.get("/userinfo", tokens.field("access_token")))
}

// The second time, the app that the system knows is let in at once, with what was
// allowed; until that is taken back.
func TestTheSecondTimeNobodyIsAsked(t *testing.T) {
	d := newDesk(t)
	pushed := func() string {
		link, err := url.Parse(d.link("openid profile"))
		if err != nil {
			t.Fatal(err)
		}
		a := d.expect(http.StatusCreated, "", d.post("/par", link.Query()))
		link.RawQuery = url.Values{"client_id": {"maths"}, "request_uri": {a.field("request_uri")}}.Encode()
		return link.String()
	}
	first, err := d.server.Begin(t.Context(), pushed())
	if err != nil || first.Launch != nil || !first.New {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := d.server.Resolve(t.Context(), first.ID, ui.Decision{Accept: true, AccountID: first.Accounts[0].ID}, "test"); err != nil {
		t.Fatal(err)
	}
	d.restart()
	second, err := d.server.Begin(t.Context(), pushed())
	if err != nil || second.Launch == nil || second.Launch.App != "uid:10012" {
		t.Fatalf("%+v, %v", second, err)
	}
	response, err := linkhandler.ParseResponse(redirectURI, second.Launch.URI)
	if err != nil {
		t.Fatal(err)
	}
	d.expect(http.StatusOK, "", d.redeem(response.Code))

	grants, err := d.server.Grants(t.Context())
	if err != nil || len(grants) != 1 {
		t.Fatalf("%+v, %v", grants, err)
	}
	if err := d.server.RevokeGrant(t.Context(), grants[0].ID); err != nil {
		t.Fatal(err)
	}
	third, err := d.server.Begin(t.Context(), pushed())
	if err != nil || third.Launch != nil || third.New || len(third.Accounts[0].Granted) != 0 {
		t.Errorf("%+v, %v", third, err)
	}
}
