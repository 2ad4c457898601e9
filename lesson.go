package offlineauth

import (
	"context"
	"encoding/json"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// A lesson of cmi5 finds two things in the learning record store when it begins: a
// document that says how it was launched (cmi5 section 10.2.1), and the statement
// that it was (section 9.3.1). Whoever launches it puts them there.

const (
	cmi5         = "https://w3id.org/xapi/cmi5/context/"
	launchData   = "LMS.LaunchData"
	verbLaunched = "http://adlnet.gov/expapi/verbs/launched"
)

type activity struct {
	ID string `json:"id"`
}

type lessonContext struct {
	Registration string                `json:"registration,omitempty"`
	Activities   map[string][]activity `json:"contextActivities"`
	Extensions   map[string]string     `json:"extensions"`
}

// prepareLesson records that a lesson of cmi5 is launched, and how. Without a course
// there are no criteria to go on from it, so moveOn does not apply.
func (s *Server) prepareLesson(ctx context.Context, target string, l *linkhandler.LaunchLink) error {
	session := map[string]string{cmi5 + "extensions/sessionid": newUUID()}
	grouping := map[string][]activity{"grouping": {{l.ActivityID}}}
	data, err := json.Marshal(map[string]any{
		"contextTemplate": lessonContext{Activities: grouping, Extensions: session},
		"launchMode":      "Normal",
		"launchMethod":    "AnyWindow",
		"moveOn":          "NotApplicable",
	})
	if err != nil {
		return err
	}
	learner, err := statement.ParseActor([]byte(l.Actor))
	if err != nil {
		return err
	}
	place := xapi.Place{Resource: xapi.State, Activity: l.ActivityID, Agent: learner.Identity(), Registration: l.Registration}
	err = s.records.Change(ctx, place, launchData, func(*xapi.Document) (*xapi.Document, error) {
		return &xapi.Document{ContentType: "application/json", Content: data}, nil
	})
	if err != nil {
		return err
	}
	return s.recordLaunch(ctx, l, lessonContext{
		Registration: l.Registration,
		Activities:   map[string][]activity{"grouping": {{l.ActivityID}}, "category": {{cmi5 + "categories/cmi5"}}},
		Extensions: map[string]string{
			cmi5 + "extensions/sessionid":  session[cmi5+"extensions/sessionid"],
			cmi5 + "extensions/launchmode": "Normal",
			cmi5 + "extensions/launchurl":  target,
			cmi5 + "extensions/moveon":     "NotApplicable",
		},
	})
}

// recordLaunch is the launcher's own statement.
func (s *Server) recordLaunch(ctx context.Context, l *linkhandler.LaunchLink, about lessonContext) error {
	text, err := json.Marshal(map[string]any{
		"actor":   json.RawMessage(l.Actor),
		"verb":    map[string]any{"id": verbLaunched, "display": map[string]string{"en": "launched"}},
		"object":  activity{l.ActivityID},
		"context": about,
	})
	if err != nil {
		return err
	}
	launched, err := statement.Parse(text, statement.V1)
	if err != nil {
		return err
	}
	_, err = s.records.Add(ctx, xapi.Addition{
		Statements: []*statement.Statement{launched},
		Authority:  xapi.OwnAgent(s.auth.Issuer()+"/launch", "launcher"),
	})
	return err
}
