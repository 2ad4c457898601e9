package xapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// Scopes of the API. ScopeWriteMine is this project's: it goes with
// ScopeReadMine, and is what a lesson needs.
const (
	ScopeAll               = "all"                  // everything
	ScopeAllRead           = "all/read"             // read everything
	ScopeRead              = "statements/read"      // read all statements
	ScopeReadMine          = "statements/read/mine" // read statements that this client wrote for this account
	ScopeWrite             = "statements/write"     // write any statement, and void
	ScopeWriteMine         = "statements/write/mine"
	ScopeState             = "state"              // read and write the state of the own agent
	ScopeActivitiesProfile = "activities_profile" // read and write documents about activities
	ScopeAgentsProfile     = "agents_profile"     // read and write documents about the own agent
)

// A Scope is one of the API's, with a sentence for the person who decides.
type Scope struct{ Name, Description string }

// Scopes returns all of the API's.
func Scopes() []Scope {
	return []Scope{
		{ScopeWriteMine, "Record what you do"},
		{ScopeReadMine, "See what it has recorded of you"},
		{ScopeState, "Remember where you are in a lesson"},
		{ScopeActivitiesProfile, "Keep notes about lessons, for everyone who learns here"},
		{ScopeAgentsProfile, "Keep notes about you"},
		{ScopeWrite, "Record what anyone does, and withdraw what was recorded"},
		{ScopeRead, "See what anyone has learned here"},
		{ScopeAllRead, "See all learning records of everyone"},
		{ScopeAll, "See and change all learning records of everyone"},
	}
}

// An access is what a request may do.
type access struct {
	token  resource.Token
	issuer string
}

func (a *api) access(r *http.Request) access {
	token, _ := resource.TokenFrom(r.Context())
	return access{token, a.Issuer}
}

func (c access) has(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.token.Scopes, s) })
}

// insufficient is the refusal of RFC 6750 section 3.1.
func insufficient(w http.ResponseWriter, scopes ...string) error {
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+strings.Join(scopes, " ")+`"`)
	return refuse(http.StatusForbidden, "one of these scopes is needed: %s", strings.Join(scopes, ", "))
}

// own is the identity of the account's agent.
func (c access) own() string {
	actor, err := statement.ParseActor(OwnAgent(c.issuer, c.token.Subject))
	if err != nil {
		return ""
	}
	return actor.Identity()
}

// OwnAgent returns the JSON of the agent that an account is, by the name it has at
// the issuer: what ID tokens call `iss` and `sub`.
func OwnAgent(issuer, subject string) []byte { return account(issuer, subject) }

func account(homePage, name string) []byte {
	text, _ := json.Marshal(map[string]any{ // strings can be encoded
		"objectType": "Agent",
		"account":    map[string]string{"homePage": homePage, "name": name},
	})
	return text
}

// authority is a client together with the account that let it in (Data 2.4.9).
func (c access) authority() []byte {
	client, user := account(c.issuer+"/token", c.token.ClientID), account(c.issuer, c.token.Subject)
	return []byte(`{"objectType":"Group","member":[` + string(client) + `,` + string(user) + `]}`)
}

// mayWrite says whether a batch may be stored. Who may write for the own account
// alone may neither write for another nor withdraw.
func (c access) mayWrite(w http.ResponseWriter, batch []*statement.Statement) error {
	any := c.has(ScopeAll, ScopeWrite)
	if !any && !c.has(ScopeWriteMine) {
		return insufficient(w, ScopeAll, ScopeWrite, ScopeWriteMine)
	}
	for _, st := range batch {
		switch {
		case st.Voids() && c.token.Launch == "cmi5": // cmi5 section 6.3
			return refuse(http.StatusForbidden, "a lesson of cmi5 cannot void what was recorded")
		case any:
		case st.Actor() != c.own():
			return c.notOwn("actor")
		case st.Voids():
			return insufficient(w, ScopeAll, ScopeWrite)
		}
	}
	return nil
}

func (c access) notOwn(who string) error {
	return refuse(http.StatusForbidden, "the %s is not the account this token is for, which is %s", who, OwnAgent(c.issuer, c.token.Subject))
}

// mayRead restricts a query to what may be read.
func (c access) mayRead(w http.ResponseWriter) (authority []byte, err error) {
	switch {
	case c.has(ScopeAll, ScopeAllRead, ScopeRead):
		return nil, nil
	case c.has(ScopeReadMine):
		return c.authority(), nil
	}
	return nil, insufficient(w, ScopeAll, ScopeAllRead, ScopeRead, ScopeReadMine)
}

// mayUse says whether documents may be read, or written, in a place. State and
// agents' profiles are of the own agent unless everything is allowed.
func (c access) mayUse(w http.ResponseWriter, p Place, write bool) error {
	scope := map[Resource]string{State: ScopeState, ActivityProfile: ScopeActivitiesProfile, AgentProfile: ScopeAgentsProfile}[p.Resource]
	switch {
	case c.has(ScopeAll), !write && c.has(ScopeAllRead):
		return nil
	case !c.has(scope):
		return insufficient(w, ScopeAll, scope)
	case p.Resource != ActivityProfile && p.Agent != c.own():
		return c.notOwn("agent")
	}
	return nil
}
