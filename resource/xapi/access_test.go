package xapi_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

var own, others = string(xapi.OwnAgent(issuer, "amina")), string(xapi.OwnAgent(issuer, "karim"))

// TestScopes asks for everything with each scope; amina's token, and the agents
// and actors are her, or karim.
func TestScopes(t *testing.T) {
	requests := []struct{ name, method, target, body string }{
		{"write own", "POST", "/statements", simple(uuid(10), own, did, sums)},
		{"write another's", "POST", "/statements", simple(uuid(11), others, did, sums)},
		{"void", "POST", "/statements", simple(uuid(12), own, statement.VerbVoided, uuid(99))},
		{"read", "GET", "/statements", ""},
		{"own state", "PUT", "/activities/state" + query("activityId", sums, "agent", own, "stateId", "s"), "{}"},
		{"another's state", "PUT", "/activities/state" + query("activityId", sums, "agent", others, "stateId", "s"), "{}"},
		{"read another's state", "GET", "/activities/state" + query("activityId", sums, "agent", others), ""},
		{"profile of an activity", "POST", "/activities/profile" + query("activityId", sums, "profileId", "p"), "{}"},
		{"own profile", "POST", "/agents/profile" + query("agent", own, "profileId", "p"), "{}"},
		{"another's profile", "DELETE", "/agents/profile" + query("agent", others, "profileId", "p"), ""},
		{"own names", "GET", "/agents" + query("agent", own), ""},
		{"another's names", "GET", "/agents" + query("agent", others), ""},
		{"an activity", "GET", "/activities" + query("activityId", sums), ""},
	}
	may := map[string]string{
		xapi.ScopeAll:               "write own, write another's, void, read, own state, another's state, read another's state, profile of an activity, own profile, another's profile, own names, another's names, an activity",
		xapi.ScopeAllRead:           "read, read another's state, own names, another's names, an activity",
		xapi.ScopeRead:              "read, own names, another's names, an activity",
		xapi.ScopeReadMine:          "read, own names, an activity",
		xapi.ScopeWrite:             "write own, write another's, void",
		xapi.ScopeWriteMine:         "write own",
		xapi.ScopeState:             "own state, an activity",
		xapi.ScopeActivitiesProfile: "profile of an activity, an activity",
		xapi.ScopeAgentsProfile:     "own profile, own names",
		"openid":                    "",
		xapi.ScopeAll + "+launched": "write own, write another's, read, own state, another's state, read another's state, profile of an activity, own profile, another's profile, own names, another's names, an activity",
	}
	for _, s := range xapi.Scopes() {
		if _, tested := may[s.Name]; !tested || s.Description == "" {
			t.Errorf("the scope %q is not tested, or not described", s.Name)
		}
	}
	for scope, allowed := range may {
		l := newLRS(t)
		var got []string
		for _, r := range requests {
			switch w := l.ask(r.method, r.target, r.body, of(scope)); w.Code {
			case 200, 204:
				got = append(got, r.name)
			case 403:
			default:
				t.Errorf("%s with %s: %d %s", r.name, scope, w.Code, w.Body)
			}
		}
		if text := strings.Join(got, ", "); text != allowed {
			t.Errorf("with %s: %s\nwant: %s", scope, text, allowed)
		}
	}
}

func TestInsufficientScopeIsNamed(t *testing.T) {
	w := newLRS(t).want(403, "GET", "/statements", "", of("state"))
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer error="insufficient_scope", scope="all all/read statements/read statements/read/mine"` {
		t.Errorf("challenge %s", got)
	}
}

// TestAuthority: it is the token's, whatever the sender says, and by it is decided
// what is mine.
func TestAuthority(t *testing.T) {
	l := newLRS(t)
	forged := strings.TrimSuffix(simple(uuid(1), amina, did, sums), "}") + `,"authority":{"mbox":"mailto:root@example.com"}}`
	l.want(200, "POST", "/statements", forged)
	l.want(200, "POST", "/statements", simple(uuid(2), karim, did, sums), of("all+karim"))
	w := l.want(200, "GET", "/statements"+query("statementId", uuid(1)), "")
	want := fmt.Sprintf(`map[member:[map[account:map[homePage:%s/token name:maths] objectType:Agent] map[account:map[homePage:%s name:amina] objectType:Agent]] objectType:Group]`, issuer, issuer)
	if got := fmt.Sprint(at(t, w, "authority")); got != want {
		t.Errorf("authority %s\nwant %s", got, want)
	}
	w = l.want(200, "GET", "/statements", "", of(xapi.ScopeReadMine))
	if all := at(t, w, "statements").([]any); len(all) != 1 || at(t, w, "statements", 0, "id") != uuid(1) {
		t.Errorf("mine: %s", w.Body)
	}
	l.want(200, "GET", "/statements"+query("statementId", uuid(1)), "", of(xapi.ScopeReadMine))
	l.want(404, "GET", "/statements"+query("statementId", uuid(2)), "", of(xapi.ScopeReadMine))
	l.want(200, "GET", "/statements"+query("statementId", uuid(2)), "", of(xapi.ScopeRead))
}

func TestCredentials(t *testing.T) {
	l := newLRS(t)
	basic := func(pair string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	}
	l.want(200, "GET", "/statements", "", basic("session:all"))
	l.want(401, "GET", "/statements", "", basic("foo:bar"))
	l.want(401, "GET", "/statements", "", of("bad"))
	l.want(401, "GET", "/statements", "", "Authorization: ")
}
