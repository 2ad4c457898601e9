package authz_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// begin plays a link and returns the interaction.
func (d *desk) begin(link string) authz.Interaction {
	d.Helper()
	interaction, err := d.server.Begin(d.Context(), link)
	if err != nil {
		d.Fatal(err)
	}
	return interaction
}

func TestAnInteractionSaysWhoAsksForWhat(t *testing.T) {
	d := newDesk(t)
	i := d.begin(link(map[string][]string{"login_hint": {"amina"}, "scope": {"profile openid"}}))
	if i.ClientName != "Maths" || i.ClientID != "maths" || i.RedirectURI != redirectURI || i.RedirectKind != linkhandler.PrivateUseScheme || i.LoginHint != "amina" || i.Identity != "" {
		t.Errorf("interaction %+v", i)
	}
	if len(i.Scopes) != 2 || i.Scopes[0].Name != "openid" || i.Scopes[0].Description == "" {
		t.Errorf("scopes %v", i.Scopes)
	}
	again, err := d.server.Interaction(t.Context(), i.ID)
	if err != nil || again.ID != i.ID || len(again.Scopes) != 2 {
		t.Errorf("a reloaded page shows %+v, %v", again, err)
	}
}

func TestDenyTellsTheClient(t *testing.T) {
	d := newDesk(t)
	i := d.begin(link(nil))
	launch, err := d.server.Deny(t.Context(), i.ID, authz.Decision{Method: "page"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil || r.Error != "access_denied" || r.Code != "" || r.Issuer != issuer || r.State == nil || *r.State != "state-of-the-client" {
		t.Errorf("redirect %s, %v", launch.URI, err)
	}
	if grants, err := d.store.Grants.List(t.Context()); err != nil || len(grants) != 0 {
		t.Errorf("grants %v, %v", grants, err)
	}
}

func TestOneDecisionEver(t *testing.T) {
	d := newDesk(t)
	approve := func(id string) error {
		_, err := d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID})
		return err
	}
	deny := func(id string) error {
		_, err := d.server.Deny(t.Context(), id, authz.Decision{})
		return err
	}
	for name, decisions := range map[string][2]func(string) error{
		"approve, approve": {approve, approve}, "approve, deny": {approve, deny}, "deny, approve": {deny, approve}, "deny, deny": {deny, deny},
	} {
		t.Run(name, func(t *testing.T) {
			id := d.begin(link(nil)).ID
			if err := decisions[0](id); err != nil {
				t.Fatal(err)
			}
			refused(t, decisions[1](id), "invalid_request")
			_, err := d.server.Interaction(t.Context(), id)
			refused(t, err, "invalid_request")
		})
	}
}

func TestSixtyFourDecisionsAtOnce(t *testing.T) {
	d := newDesk(t)
	id := d.begin(link(nil)).ID
	var start, done sync.WaitGroup
	start.Add(1)
	errs := make([]error, 64)
	for n := range errs {
		done.Go(func() {
			start.Wait()
			if n%2 == 0 {
				_, errs[n] = d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID})
			} else {
				_, errs[n] = d.server.Deny(t.Context(), id, authz.Decision{})
			}
		})
	}
	start.Done()
	done.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, "invalid_request")
	}
	if won != 1 {
		t.Errorf("%d decisions were taken", won)
	}
}

func TestAnUndecidedRequestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		id := d.begin(link(nil)).ID
		time.Sleep(10 * time.Minute)
		_, err := d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID})
		refused(t, err, "invalid_request")
		_, err = d.server.Interaction(t.Context(), id)
		refused(t, err, "invalid_request")
	})
}

func TestAWrongDecisionCanBeCorrected(t *testing.T) {
	d := newDesk(t)
	id := d.begin(link(nil)).ID
	_, err := d.server.Approve(t.Context(), id, authz.Decision{AccountID: "nobody"})
	refused(t, err, "invalid_request")
	_, err = d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID, Scopes: []string{"offline_access"}})
	refused(t, err, "invalid_scope")
	if _, err = d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID}); err != nil {
		t.Error(err)
	}
	_, err = d.server.Approve(t.Context(), "no such interaction", authz.Decision{AccountID: d.account.ID})
	refused(t, err, "invalid_request")
}

func TestThePersonMayGrantLess(t *testing.T) {
	for _, test := range []struct {
		granted []string
		scope   string
		idToken bool
	}{
		{nil, "openid profile", true},
		{[]string{"profile", "openid", "openid"}, "openid profile", true},
		{[]string{"profile"}, "profile", false},
		{[]string{}, "", false},
	} {
		d := newDesk(t)
		launch, err := d.server.Approve(t.Context(), d.begin(link(nil)).ID, authz.Decision{AccountID: d.account.ID, Scopes: test.granted})
		if err != nil {
			t.Fatal(err)
		}
		response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
		if err != nil {
			t.Fatal(err)
		}
		tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(response.Code)))
		token, err := d.server.Introspect(t.Context(), tokens.text("access_token"))
		if err != nil || strings.Join(token.Scopes, " ") != test.scope || tokens.text("scope") != test.scope || (tokens.text("id_token") != "") != test.idToken {
			t.Errorf("granted %q: answer %v, token %+v, %v", test.granted, tokens.body, token, err)
		}
	}
}

// A change is what may happen between a request and the decision about it.
type change struct {
	name   string
	change func(d *desk)
	code   string
	told   bool // whether the client is told, by its redirect URI
}

func changes() []change {
	registration := authz.Registration{ID: "maths", Name: "Maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}}
	unregister := func(id string) func(*desk) {
		return func(d *desk) {
			if err := d.server.Unregister(d.Context(), id); err != nil {
				d.Error(err)
			}
		}
	}
	return []change{
		{"client removed", unregister("maths"), "invalid_client", false},
		{"redirect URI changed", func(d *desk) {
			registration.RedirectURIs = []string{"com.example.maths:/elsewhere"}
			d.register(registration)
		}, "invalid_request", false},
		{"scope taken away", func(d *desk) {
			registration.RedirectURIs, registration.Scopes = []string{redirectURI}, []string{"openid"}
			d.register(registration)
		}, "invalid_scope", true},
		{"resource gone", unregister("api"), "invalid_target", true},
		{"account removed", func(d *desk) {
			if err := d.server.RemoveAccount(d.Context(), "amina"); err != nil {
				d.Error(err)
			}
		}, "invalid_request", false},
	}
}

// beginForNotes plays a link that asks for an API app, too.
func (d *desk) beginForNotes() (id string) {
	d.register(authz.Registration{ID: "api", Resources: []string{"https://notes.example"}, Secret: true})
	return d.begin(link(map[string][]string{"resource": {"https://notes.example"}})).ID
}

func (c *change) refuses(t *testing.T, err error) {
	t.Helper()
	if c.told {
		refusedWithRedirect(t, err, c.code)
	} else {
		refused(t, err, c.code)
	}
}

func TestWhatChangedBeforeTheDecisionCounts(t *testing.T) {
	for _, c := range changes() {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			id := d.beginForNotes()
			c.change(d)
			before := d.store.Commits()
			_, err := d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID})
			c.refuses(t, err)
			if d.store.Commits() != before {
				t.Error("the refused approval was written")
			}
		})
	}
}

// TestWhatChangesWhileADecisionWaitsCounts: the request was judged already, and the
// decision waits for its turn, behind the change.
func TestWhatChangesWhileADecisionWaitsCounts(t *testing.T) {
	for _, c := range changes() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				id := d.beginForNotes()
				release, decided := make(chan struct{}), make(chan error, 1)
				go d.store.Do(t.Context(), func(context.Context) error { <-release; return nil })
				synctest.Wait()
				go c.change(d)
				synctest.Wait()
				go func() {
					_, err := d.server.Approve(t.Context(), id, authz.Decision{AccountID: d.account.ID})
					decided <- err
				}()
				synctest.Wait()
				close(release)
				c.refuses(t, <-decided)
				if grants, err := d.store.Grants.List(t.Context()); err != nil || len(grants) != 0 {
					t.Errorf("grants %v, %v", grants, err)
				}
			})
		})
	}
}

func TestBeginRefuses(t *testing.T) {
	d := newDesk(t)
	for _, test := range []struct {
		name    string
		changes map[string][]string
		code    string
		told    bool // whether the client is told, by its redirect URI
	}{
		{"unknown client", map[string][]string{"client_id": {"nobody"}}, "invalid_client", false},
		{"no client", map[string][]string{"client_id": nil}, "invalid_request", false},
		{"two redirect URIs", map[string][]string{"redirect_uri": {redirectURI, redirectURI}}, "invalid_request", false},
		{"no redirect URI", map[string][]string{"redirect_uri": nil}, "invalid_request", false},
		{"implicit", map[string][]string{"response_type": {"token"}}, "unsupported_response_type", true},
		{"hybrid", map[string][]string{"response_type": {"code id_token"}}, "unsupported_response_type", true},
		{"form_post", map[string][]string{"response_mode": {"form_post"}}, "invalid_request", true},
		{"request object", map[string][]string{"request": {"eyJ"}}, "request_not_supported", true},
		{"prompt none", map[string][]string{"prompt": {"none"}}, "interaction_required", true},
		{"unknown scope", map[string][]string{"scope": {"moon"}}, "invalid_scope", true},
		{"scope of others", map[string][]string{"scope": {"openid offline_access"}}, "invalid_scope", true},
		{"unknown resource", map[string][]string{"resource": {"https://elsewhere.example"}}, "invalid_target", true},
		{"malformed, by an unknown client", map[string][]string{"client_id": {"nobody"}, "scope": {"a", "b"}}, "invalid_client", false},
		{"malformed, to another redirect URI", map[string][]string{"redirect_uri": {"com.example.thief:/done"}, "scope": {"a", "b"}}, "invalid_request", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := d.store.Commits()
			_, err := d.server.Begin(t.Context(), link(test.changes))
			if test.told {
				refusedWithRedirect(t, err, test.code)
			} else {
				refused(t, err, test.code)
			}
			if d.store.Commits() != before {
				t.Error("a refused link was written")
			}
		})
	}
}

func TestALinkWithoutScopesAsksForThoseOfTheClient(t *testing.T) {
	d := newDesk(t)
	if i := d.begin(link(map[string][]string{"scope": nil})); len(i.Scopes) != 2 {
		t.Errorf("scopes %v", i.Scopes)
	}
}

// TestADecisionIsAboutTheAppThatWasShown: not about one that took its ID meanwhile.
func TestADecisionIsAboutTheAppThatWasShown(t *testing.T) {
	d := newDesk(t)
	shown, err := d.server.Begin(t.Context(), link(nil))
	if err != nil {
		t.Fatal(err)
	}
	d.register(authz.Registration{ID: "maths", Name: "Bank", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
	for name, decide := range map[string]func() error{
		"approve": func() error {
			_, err := d.server.Approve(t.Context(), shown.ID, authz.Decision{AccountID: d.account.ID})
			return err
		},
		"show again": func() error { _, err := d.server.Interaction(t.Context(), shown.ID); return err },
	} {
		if err := decide(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.login()
}
