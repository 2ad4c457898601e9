package offlineauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
)

const fractions = "https://maths.example/fractions"

// launch opens a lesson for the only account.
func (d *desk) launch(r authz.LaunchRequest) *linkhandler.LaunchLink {
	d.Helper()
	accounts, err := d.server.Accounts(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	r.AccountID, r.Target, r.ActivityID = accounts[0].ID, "com.example.maths:/lesson", fractions
	launch, err := d.server.Launch(d.Context(), r)
	if err != nil {
		d.Fatal(err)
	}
	link, err := linkhandler.ParseLaunchLink(launch.URI)
	if err != nil {
		d.Fatal(err)
	}
	return link
}

// ask sends a request of a lesson.
func (d *desk) ask(method, at, authorization string) answer {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, at, nil)
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	r.Header.Set("Authorization", authorization)
	return d.send(r)
}

const sessionID = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"

// TestACMI5LessonFindsHowItWasLaunched: what cmi5 promises a lesson is there when it
// begins, and the launcher has said that it launched it.
func TestACMI5LessonFindsHowItWasLaunched(t *testing.T) {
	d := newDesk(t, func(c *offlineauth.Config) { c.LearningRecords = true })
	link := d.launch(authz.LaunchRequest{Format: linkhandler.CMI5})
	fetched := d.expect(http.StatusOK, "", d.ask(http.MethodPost, link.Fetch, ""))
	mine := "Basic " + fetched.field("auth-token")

	query := url.Values{"activityId": {link.ActivityID}, "agent": {link.Actor}, "registration": {link.Registration}, "stateId": {"LMS.LaunchData"}}
	state := d.expect(http.StatusOK, "", d.ask(http.MethodGet, link.Endpoint+"activities/state?"+query.Encode(), mine))
	var data struct {
		ContextTemplate struct {
			ContextActivities struct{ Grouping []struct{ ID string } }
			Extensions        map[string]string
		}
		LaunchMode, LaunchMethod, MoveOn string
	}
	if err := json.Unmarshal([]byte(state.text), &data); err != nil {
		t.Fatal(err)
	}
	session := data.ContextTemplate.Extensions[sessionID]
	if session == "" || data.LaunchMode != "Normal" || data.LaunchMethod != "AnyWindow" || data.MoveOn != "NotApplicable" || data.ContextTemplate.ContextActivities.Grouping[0].ID != fractions {
		t.Errorf("launch data %s", state.text)
	}

	observer := d.launch(authz.LaunchRequest{Format: linkhandler.Rustici, Scopes: []string{"all/read"}})
	query = url.Values{"verb": {"http://adlnet.gov/expapi/verbs/launched"}, "registration": {link.Registration}, "agent": {link.Actor}}
	found := d.expect(http.StatusOK, "", d.ask(http.MethodGet, link.Endpoint+"statements?"+query.Encode(), observer.Authorization()))
	var result struct {
		Statements []struct {
			Context   struct{ Extensions map[string]string }
			Authority struct{ Account struct{ Name string } }
		}
	}
	if err := json.Unmarshal([]byte(found.text), &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Statements) != 1 || result.Statements[0].Context.Extensions[sessionID] != session || result.Statements[0].Authority.Account.Name != "launcher" {
		t.Errorf("statements %s", found.text)
	}
}

// TestALessonIsRecorded with what a lesson may do, and no more.
func TestALessonIsRecorded(t *testing.T) {
	d := newDesk(t, func(c *offlineauth.Config) { c.LearningRecords = true })
	link := d.launch(authz.LaunchRequest{Format: linkhandler.Rustici})
	for path, status := range map[string]int{
		"statements": http.StatusOK,
		"activities/state?" + url.Values{"activityId": {fractions}, "agent": {link.Actor}}.Encode():                            http.StatusOK,
		"activities/state?" + url.Values{"activityId": {fractions}, "agent": {`{"mbox":"mailto:karim@example.com"}`}}.Encode(): http.StatusForbidden,
		"agents?" + url.Values{"agent": {link.Actor}}.Encode():                                                                 http.StatusOK,
	} {
		if a := d.ask(http.MethodGet, link.Endpoint+path, link.Authorization()); a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	if a := d.ask(http.MethodGet, issuer+"/userinfo", link.Authorization()); a.status != http.StatusForbidden {
		t.Errorf("userinfo: %d", a.status)
	}
}

// TestALaunchWithoutLearningRecords is for a record store of the app's own.
func TestALaunchWithoutLearningRecords(t *testing.T) {
	d := newDesk(t)
	link := d.launch(authz.LaunchRequest{Format: linkhandler.CMI5, Endpoint: issuer + "/lrs/", Scopes: []string{"openid"}})
	if link.Endpoint != issuer+"/lrs/" || link.Registration == "" {
		t.Errorf("%+v", link)
	}
}
