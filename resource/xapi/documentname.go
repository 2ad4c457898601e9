package xapi

import (
	"bytes"
	"net/url"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// A DocumentName is a place and the name of a document in it.
type DocumentName struct {
	Place
	ID string `json:"id"`
}

// registrationOf reads what registrationKey has made.
func registrationOf(b []byte) string {
	if bytes.Equal(b, registrationKey("")) {
		return ""
	}
	return formatUUID([16]byte(b))
}

// paths are where the resources are, below the base URL of a learning record store.
var paths = map[Resource]string{
	State:           "activities/state",
	ActivityProfile: "activities/profile",
	AgentProfile:    "agents/profile",
}

// Target is the relative URL of the document (Communication 2.2).
func (n DocumentName) Target() string {
	q := url.Values{n.Resource.idParam(): {n.ID}}
	if n.Activity != "" {
		q.Set("activityId", n.Activity)
	}
	if n.Agent != "" {
		q.Set("agent", string(statement.AgentOf(n.Agent)))
	}
	if n.Registration != "" {
		q.Set("registration", n.Registration)
	}
	return paths[n.Resource] + "?" + q.Encode()
}

// idParam is the parameter that names a document.
func (r Resource) idParam() string {
	if r == State {
		return "stateId"
	}
	return "profileId"
}

// String names the document to a person.
func (n DocumentName) String() string {
	whose := n.Activity
	if n.Activity != "" && n.Agent != "" {
		whose += " and "
	}
	return paths[n.Resource] + " " + n.ID + " of " + whose + n.Agent
}
