package authz_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

// trail returns the audit trail, oldest first.
func (d *desk) trail() []store.Event {
	d.Helper()
	events, err := d.store.Events.Newest(d.Context(), 0, 100)
	if err != nil {
		d.Fatal(err)
	}
	slices.Reverse(events)
	return events
}

func TestTheAuditTrail(t *testing.T) {
	d := newDesk(t)
	d.caller = ipcapi.Caller{Transport: "android", UID: 10012, PID: 77, Executable: "/system/bin/app_process64", Identity: mathsApp}
	person := ipcapi.WithCaller(t.Context(), ipcapi.Caller{UID: 1000, PID: 5, Executable: "/usr/bin/offlineauth"})

	approved := d.begin(link(nil))
	if _, err := d.server.Approve(person, approved.ID, authz.Decision{AccountID: d.account.ID, Method: "flag"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.server.Deny(person, d.begin(link(nil)).ID, authz.Decision{AccountID: d.account.ID, Method: "page"}); err != nil {
		t.Fatal(err)
	}
	tokens := d.login()
	tokens = d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token"))))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm("guess")))
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"maths"}, "token": {tokens.text("access_token")}}))
	if err := d.server.Unregister(person, "maths"); err != nil {
		t.Fatal(err)
	}
	if err := d.server.RemoveAccount(person, "amina"); err != nil {
		t.Fatal(err)
	}

	type entry struct {
		kind, account, client, identity string
		uid                             int
		detail                          string
	}
	account := d.account.ID
	want := []entry{
		{"client added", "", "maths", "", -1, ""},
		{"account added", account, "", "", -1, "amina"},
		{"approved", account, "maths", "", 1000, "flag"},
		{"denied", account, "maths", "", 1000, "page"},
		{"approved", account, "maths", "", -1, "test"},
		{"login", account, "maths", mathsApp, 10012, ""},
		{"ended", account, "maths", mathsApp, 10012, "revoked by the client"},
		{"client removed", "", "maths", "", 1000, ""},
		{"account removed", account, "", "", 1000, "amina"},
	}
	var got []entry
	for _, e := range d.trail() {
		got = append(got, entry{e.Kind, e.AccountID, e.ClientID, e.Identity, e.UID, e.Detail})
		if e.Time.IsZero() || e.Kind == "login" && (e.PID != 77 || e.Executable != "/system/bin/app_process64") {
			t.Errorf("event %+v", e)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("trail\n%v\nwant\n%v", got, want)
	}
}

func TestReuseIsInTheAuditTrail(t *testing.T) {
	d := newDesk(t)
	form := codeForm(d.approve(link(nil)).Code)
	d.expect(http.StatusOK, "", d.post("/token", form))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form)) // told once
	trail := d.trail()
	last := trail[len(trail)-1]
	if last.Kind != "ended" || last.Detail == "" || last.AccountID != d.account.ID || trail[len(trail)-2].Kind != "login" {
		t.Errorf("trail %+v", trail)
	}
}
