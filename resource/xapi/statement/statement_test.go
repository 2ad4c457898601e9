package statement_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// whole has every property there is in 1.0.3.
const whole = `{
	"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
	"actor": {"objectType": "Group", "name": "Team", "account": {"homePage": "https://lms.example", "name": "team"},
		"member": [{"name": "Amina", "mbox": "mailto:amina@example.com"}, {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}]},
	"verb": {"id": "http://adlnet.gov/expapi/verbs/attempted", "display": {"en-GB": "attempted", "de": "versuchte"}},
	"object": {"objectType": "Activity", "id": "https://lms.example/sums", "definition": {
		"name": {"en": "Sums"}, "description": {"en": "Some sums"}, "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
		"moreInfo": "https://lms.example/sums/about", "interactionType": "choice", "correctResponsesPattern": ["a[,]b"],
		"choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}], "extensions": {"https://lms.example/x": null}}},
	"result": {"score": {"scaled": 0.9, "raw": 45, "min": 0, "max": 50}, "success": true, "completion": false,
		"response": "a[,]b", "duration": "PT1H0M12.5S", "extensions": {"https://lms.example/x": {"null": [null]}}},
	"context": {"registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7", "instructor": {"openid": "https://id.example/karim"},
		"team": {"objectType": "Group", "mbox": "mailto:team@example.com"},
		"contextActivities": {"parent": {"id": "https://lms.example/course"}, "category": [{"id": "https://lms.example/maths"}]},
		"revision": "1", "platform": "phone", "language": "en-US",
		"statement": {"objectType": "StatementRef", "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bef"}},
	"timestamp": "2013-05-18T05:32:34.804+02:00",
	"stored": "2013-05-18T05:32:34.804Z",
	"authority": {"mbox": "mailto:lms@example.com"},
	"version": "1.0.1",
	"attachments": [{"usageType": "http://example.com/usage", "display": {"en": "A file"}, "description": {"en": "It is"},
		"contentType": "text/plain; charset=ascii", "length": 27, "sha2": "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a", "fileUrl": "https://lms.example/file"}]
}`

func TestAWholeStatementIsGood(t *testing.T) {
	for _, v := range []statement.Version{statement.V1, statement.V2} {
		if _, err := statement.Parse([]byte(whole), v); err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
}

// TestWhatIsWrongAndWhere changes one thing in a good statement.
func TestWhatIsWrongAndWhere(t *testing.T) {
	for _, test := range []struct{ old, new, path string }{
		{`"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"`, `"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee0"`, "/id"},
		{`"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"`, `"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730beg"`, "/id"},
		{`"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"`, `"ID": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"`, "/ID"},
		{`"id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"`, `"id": null`, "/id"},
		{`"version": "1.0.1"`, `"version": "1.0.1", "version": "1.0.1"`, "/version"},
		{`"version": "1.0.1"`, `"version": "1.1.0"`, "/version"},
		{`"version": "1.0.1"`, `"version": "1.0.x"`, "/version"},
		{`"version": "1.0.1"`, `"version": 1`, "/version"},
		{`"mbox": "mailto:lms@example.com"`, `"mbox": "lms@example.com"`, "/authority/mbox"},
		{`"mbox": "mailto:lms@example.com"`, `"mbox": "mailto:lms"`, "/authority/mbox"},
		{`"mbox": "mailto:lms@example.com"`, `"objectType": "Group", "mbox": "mailto:lms@example.com"`, "/authority"},
		{`"mbox": "mailto:amina@example.com"`, `"objectType": "Group", "mbox": "mailto:amina@example.com"`, "/actor/member/0/objectType"},
		{`"mbox": "mailto:amina@example.com"`, `"mbox": "mailto:amina@example.com", "openid": "https://id.example"`, "/actor/member/0"},
		{`, "mbox": "mailto:amina@example.com"`, ``, "/actor/member/0"},
		{`ebd31e95054c018b10727ccffd2ef2ec3a016ee9`, `ebd31e95`, "/actor/member/1/mbox_sha1sum"},
		{`"homePage": "https://lms.example", `, ``, "/actor/account"},
		{`"homePage": "https://lms.example", `, `"homePage": "lms.example", `, "/actor/account/homePage"},
		{`"objectType": "Group", "name": "Team"`, `"objectType": "group", "name": "Team"`, "/actor/objectType"},
		{`"objectType": "Group", "name": "Team"`, `"name": "Team"`, "/actor/member"},
		{`"verb": {"id": "http://adlnet.gov/expapi/verbs/attempted", `, `"verb": {`, "/verb"},
		{`"en-GB": "attempted"`, `"english language": "attempted"`, "/verb/display/english language"},
		{`"en-GB": "attempted"`, `"a12345": "attempted"`, "/verb/display/a12345"},
		{`"en-GB": "attempted"`, `"en-GB": 1`, "/verb/display/en-GB"},
		{`"id": "https://lms.example/sums"`, `"id": "sums"`, "/object/id"},
		{`"objectType": "Activity"`, `"objectType": "activity"`, "/object/objectType"},
		{`"objectType": "Activity"`, `"objectType": "Agent"`, "/object/id"},
		{`"interactionType": "choice", `, ``, "/object/definition"},
		{`"interactionType": "choice"`, `"interactionType": "Choice"`, "/object/definition/interactionType"},
		{`["a[,]b"]`, `"a[,]b"`, "/object/definition/correctResponsesPattern"},
		{`{"id": "b"}`, `{"id": "a"}`, "/object/definition/choices/1/id"},
		{`{"https://lms.example/x": null}`, `{"x/~": null}`, "/object/definition/extensions/x~1~0"},
		{`"scaled": 0.9`, `"scaled": 1.1`, "/result/score/scaled"},
		{`"scaled": 0.9`, `"scaled": "0.9"`, "/result/score/scaled"},
		{`"raw": 45`, `"raw": 51`, "/result/score/raw"},
		{`"raw": 45`, `"raw": -1`, "/result/score/raw"},
		{`"min": 0`, `"min": 50`, "/result/score/min"},
		{`"success": true`, `"success": "true"`, "/result/success"},
		{`PT1H0M12.5S`, `1 hour`, "/result/duration"},
		{`"team": {"objectType": "Group", `, `"team": {`, "/context/team"},
		{`"parent": {"id"`, `"parents": {"id"`, "/context/contextActivities/parents"},
		{`[{"id": "https://lms.example/maths"}]`, `[{"id": "https://lms.example/maths"}, 1]`, "/context/contextActivities/category/1"},
		{`"language": "en-US"`, `"language": "en_US"`, "/context/language"},
		{`"objectType": "StatementRef"`, `"objectType": "statementRef"`, "/context/statement/objectType"},
		{`"timestamp": "2013-05-18T05:32:34.804+02:00"`, `"timestamp": "2013-05-18T05:32:34.804-00:00"`, "/timestamp"},
		{`"timestamp": "2013-05-18T05:32:34.804+02:00"`, `"timestamp": "18 May 2013"`, "/timestamp"},
		{`"timestamp": "2013-05-18T05:32:34.804+02:00"`, `"timestamp": "2013-02-30T05:32:34Z"`, "/timestamp"},
		{`"length": 27`, `"length": 27.5`, "/attachments/0/length"},
		{`"length": 27`, `"length": "27"`, "/attachments/0/length"},
		{`"contentType": "text/plain; charset=ascii"`, `"contentType": "text"`, "/attachments/0/contentType"},
		{`495395e777`, ``, "/attachments/0/sha2"},
		{`"usageType": "http://example.com/usage", `, ``, "/attachments/0"},
		{`"attempted", "de"`, "\"attempted\xff\", \"de\"", ""},
		{`"version": "1.0.1",`, `"version": "1.0.1",,`, ""},
	} {
		if strings.Count(whole, test.old) == 0 {
			t.Fatalf("there is no %s", test.old)
		}
		_, err := statement.Parse([]byte(strings.Replace(whole, test.old, test.new, 1)), statement.V1)
		var wrong *statement.Error
		if !errors.As(err, &wrong) || wrong.Path != test.path || wrong.Reason == "" {
			t.Errorf("%s for %s: got %v, want an error at %q", test.new, test.old, err, test.path)
		}
	}
}

// TestObjects are statements of the smallest kind around an object.
func TestObjects(t *testing.T) {
	const id = `"6690e6c9-3ef0-4ed3-8b37-7f3964730bee"`
	const inner = `"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"x:did"},"object":{"id":"x:sums"}`
	for _, test := range []struct {
		verb, object, more string
		path               string // "-" if it is good
	}{
		{"x:did", `{"id":"x:sums"}`, ``, "-"},
		{"x:did", `{"objectType":"Agent","mbox":"mailto:a@example.com"}`, ``, "-"},
		{"x:did", `{"objectType":"Group","member":[{"mbox":"mailto:a@example.com"}]}`, ``, "-"},
		{"x:did", `{"objectType":"Group","member":[]}`, ``, "/object"},
		{"x:did", `{"objectType":"Group"}`, ``, "/object"},
		{"x:did", `{"objectType":"StatementRef","id":` + id + `}`, ``, "-"},
		{"x:did", `{"objectType":"StatementRef"}`, ``, "/object"},
		{"x:did", `{"objectType":"SubStatement",` + inner + `}`, ``, "-"},
		{"x:did", `{"objectType":"SubStatement","id":` + id + `,` + inner + `}`, ``, "/object/id"},
		{"x:did", `{"objectType":"SubStatement","stored":"2013-05-18T05:32:34Z",` + inner + `}`, ``, "/object/stored"},
		{"x:did", `{"objectType":"SubStatement","actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"x:did"},"object":{"objectType":"SubStatement",` + inner + `}}`, ``, "/object/object/objectType"},
		{"x:did", `{"objectType":"SubStatement","actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"x:did"}}`, ``, "/object"},
		{"x:did", `{"objectType":"Agent","mbox":"mailto:a@example.com"}`, `,"context":{"platform":"phone"}`, "/context/platform"},
		{"x:did", `{"id":"x:sums"}`, `,"context":{"platform":"phone"}`, "-"},
		{statement.VerbVoided, `{"objectType":"StatementRef","id":` + id + `}`, ``, "-"},
		{statement.VerbVoided, `{"id":"x:sums"}`, ``, "/object"},
		{"x:did", `[]`, ``, "/object"},
		{"x:did", `{"id":"x:sums"}`, `,"more":1`, "/more"},
	} {
		json := fmt.Sprintf(`{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":%q},"object":%s%s}`, test.verb, test.object, test.more)
		_, err := statement.Parse([]byte(json), statement.V1)
		var wrong *statement.Error
		if path := "-"; errors.As(err, &wrong) || err == nil {
			if wrong != nil {
				path = wrong.Path
			}
			if path != test.path {
				t.Errorf("%s: got %v, want an error at %q", json, err, test.path)
			}
		}
	}
}

// TestSecondVersion: what came with 2.0 is refused before.
func TestSecondVersion(t *testing.T) {
	for _, test := range []struct {
		context string
		path    string // in 2.0; "-" if it is good
	}{
		{`"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@example.com"},"relevantTypes":["x:teacher"]}]`, "-"},
		{`"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","mbox":"mailto:a@example.com"}}]`, "-"},
		{`"contextAgents":[{"agent":{"mbox":"mailto:a@example.com"}}]`, "/context/contextAgents/0"},
		{`"contextAgents":[{"objectType":"Agent","agent":{"mbox":"mailto:a@example.com"}}]`, "/context/contextAgents/0/objectType"},
		{`"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@example.com"},"relevantTypes":[]}]`, "/context/contextAgents/0/relevantTypes"},
		{`"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@example.com"},"relevantTypes":["teacher"]}]`, "/context/contextAgents/0/relevantTypes/0"},
		{`"contextGroups":[{"objectType":"contextGroup","group":{"mbox":"mailto:a@example.com"}}]`, "/context/contextGroups/0/group"},
	} {
		json := `{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"x:did"},"object":{"id":"x:sums"},"context":{` + test.context + `}}`
		if _, err := statement.Parse([]byte(json), statement.V1); err == nil {
			t.Errorf("1.0.3 takes %s", test.context)
		}
		_, err := statement.Parse([]byte(json), statement.V2)
		var wrong *statement.Error
		if errors.As(err, &wrong) && wrong.Path != test.path || err == nil && test.path != "-" {
			t.Errorf("%s: got %v, want an error at %q", test.context, err, test.path)
		}
	}
}

func TestBatch(t *testing.T) {
	const one = `{"id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee","actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"x:did"},"object":{"id":"x:sums"}}`
	for _, test := range []struct {
		json string
		n    int
		path string
	}{
		{one, 1, ""},
		{"[]", 0, ""},
		{"[" + one + "]", 1, ""},
		{"[" + one + "," + strings.ReplaceAll(one, "0bee", "0bef") + "]", 2, ""},
		{"[" + one + "," + strings.ReplaceAll(one, "0bee", "0BEE") + "]", 0, "/1/id"},
		{"[" + one + ",{}]", 0, "/1"},
		{"[[" + one + "]]", 0, "/0"},
		{"1", 0, ""},
	} {
		batch, err := statement.ParseBatch([]byte(test.json), statement.V1)
		var wrong *statement.Error
		switch {
		case err == nil && len(batch) == test.n:
		case test.n == 0 && errors.As(err, &wrong) && wrong.Path == test.path:
		default:
			t.Errorf("%s: %d statements, %v", test.json, len(batch), err)
		}
	}
}

// FuzzParse: no bytes make the validator panic; what it takes can be completed, and
// is good and the same again, and its renderings are JSON.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(strings.Replace(whole, `"context": {`, `"context": {"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@example.com"}}],`, 1)))
	f.Add([]byte(`{"actor":{"mbox":"mailto:a@b"},"verb":{"id":"x:y"},"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b"},"verb":{"id":"x:y"},"object":{"id":"x:y"}}}`))
	f.Add([]byte(`[{"a":[null,true,-1e9,"\u0000\\\""]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, v := range []statement.Version{statement.V1, statement.V2} {
			s, err := statement.Parse(data, v)
			if err != nil {
				continue
			}
			s.Definitions()
			s.Attachments()
			complete := s.Complete(statement.Assigned{ID: "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", Authority: []byte(`{"mbox":"mailto:a@b"}`)})
			again, err := statement.Parse(complete, v)
			if err != nil {
				t.Fatalf("%v: %s became %s", err, data, complete)
			}
			if !statement.Same(s, again) || fmt.Sprint(s.TermsUnder(mailto(t))) != fmt.Sprint(again.Terms()) {
				t.Fatalf("%s is not the same as %s", data, complete)
			}
			for _, text := range [][]byte{again.IDs(), again.Canonical(func(string) []byte { return nil }, []string{"en"})} {
				if _, err := statement.Parse(text, v); err != nil {
					t.Fatalf("%v: %s of %s", err, text, data)
				}
			}
		}
	})
}

func mailto(t *testing.T) statement.Actor {
	a, err := statement.ParseActor([]byte(`{"mbox":"mailto:a@b"}`))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestManyMembers: a group of thousands, and an object with thousands of keys, are
// read in a time that grows with them and not with their square.
func TestManyMembers(t *testing.T) {
	var members, keys strings.Builder
	const n = 20000
	for i := range n {
		fmt.Fprintf(&members, `,{"mbox":"mailto:a%d@example.com"}`, i)
		fmt.Fprintf(&keys, `,"x:%d":null`, i)
	}
	json := `{"actor":{"objectType":"Group","member":[` + members.String()[1:] + `]},"verb":{"id":"x:did"},"object":{"id":"x:sums"},"result":{"extensions":{` + keys.String()[1:] + `}}}`
	s, err := statement.Parse([]byte(json), statement.V1)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.Terms()); got != 2*n+3 {
		t.Errorf("%d terms", got)
	}
	if !statement.Same(s, s) {
		t.Error("it is not the same as itself")
	}
}
