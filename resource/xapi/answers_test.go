package xapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// The names in a file that everything was done with: see [eventful].
var (
	actors     = []string{"mbox mailto:secret-amina@example.com", "account https://auth.example secret-karim", "mbox mailto:secret-teacher@example.com"}
	verbs      = []string{"http://example.com/verbs/secret-did", "http://example.com/verbs/secret-saw", statement.VerbVoided}
	activities = []string{"https://maths.example/secret-sums", "https://maths.example/secret-lesson"}
	enrolment  = "5eC4e700-0000-4000-8000-000000000001"
	sums       = []string{strings.Repeat("ab", 32), strings.Repeat("cd", 32)}
	endpoints  = []string{"https://lrs.example/secret-one/", "https://lrs.example/secret-two/"}
	deadline   = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
)

const eventfulStatements = 8

// eventfulID is the id of its nth statement.
func eventfulID(n int) string { return fmt.Sprintf("5ec4e7ed-0000-4000-8000-%012d", n) }

func places() []Place {
	registration := strings.ToLower(enrolment)
	return []Place{
		{Resource: State, Activity: activities[0], Agent: actors[0]},
		{Resource: State, Activity: activities[0], Agent: actors[0], Registration: registration},
		{Resource: State, Activity: activities[1], Agent: actors[1]},
		{Resource: ActivityProfile, Activity: activities[0]},
		{Resource: AgentProfile, Agent: actors[0]},
	}
}

// eventful does everything with a store that there is to do.
func eventful(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	amina := `{"name":"Secret Amina","mbox":"mailto:secret-amina@example.com"}`
	karim := `{"name":"Secret Karim","account":{"homePage":"https://auth.example","name":"secret-karim"}}`
	authority := `{"objectType":"Group","member":[{"account":{"homePage":"https://auth.example/token","name":"maths"}},{"account":{"homePage":"https://auth.example","name":"secret-karim"}}]}`
	tell := func(n int, v statement.Version, actor, verb, object, more string) {
		t.Helper()
		st, err := statement.Parse(fmt.Appendf(nil, `{"id":%q,"actor":%s,"verb":{"id":%q},"object":%s%s}`, eventfulID(n), actor, verb, object, more), v)
		if err == nil {
			_, err = s.Add(ctx, Addition{Statements: []*statement.Statement{st}, Authority: []byte(authority), Attachments: []Attachment{{sums[n%2], "text/plain", []byte("secret picture " + sums[n%2])}}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	activity := fmt.Sprintf(`{"id":%q,"definition":{"name":{"en":"Secret sums"}}}`, activities[0])
	lesson := fmt.Sprintf(`,"context":{"registration":%q,"instructor":{"mbox":"mailto:secret-teacher@example.com"},"contextActivities":{"parent":[{"id":%q}]}},"result":{"response":"secret answer"}`, enrolment, activities[1])
	to := func(n int) string { return fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, eventfulID(n)) }
	tell(0, statement.V1, amina, verbs[0], activity, lesson)
	tell(1, statement.V2, karim, verbs[1], activity, "")
	tell(2, statement.V1, karim, verbs[1], to(0), "")
	tell(3, statement.V1, amina, verbs[1], to(4), "") // before what it refers to
	tell(4, statement.V1, karim, verbs[0], activity, lesson)
	tell(5, statement.V1, karim, statement.VerbVoided, to(1), "")
	tell(6, statement.V1, karim, statement.VerbVoided, to(7), "")
	tell(7, statement.V1, amina, verbs[0], activity, "") // void when it comes
	for i, p := range places() {
		for _, id := range []string{"secret-bookmark", "secret-notes"} {
			err := s.Change(ctx, p, id, func(*Document) (*Document, error) {
				return &Document{ContentType: "text/secret", Content: fmt.Appendf(nil, "secret page %d", i)}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	one, two := s.Outbox(endpoints[0]), s.Outbox(endpoints[1])
	waiting, err := one.Next(ctx, 3, 1<<20)
	if err != nil || len(waiting) == 0 {
		t.Fatal(waiting, err)
	}
	first := waiting[0]
	changes, err := one.Changes(ctx, 4, 1<<20)
	if err != nil || len(changes) != 4 {
		t.Fatal(changes, err)
	}
	var attempts []Attempt
	for _, c := range changes {
		attempts = append(attempts, Attempt{c, "secret-state"})
	}
	err = errors.Join(
		one.Settle(ctx, []Settlement{{Seq: first.Seq, ID: first.ID()}}),
		one.Settle(ctx, []Settlement{{Seq: first.Seq + 1<<40, ID: eventfulID(9)}}), // out of its turn
		two.Settle(ctx, []Settlement{{Seq: first.Seq, ID: first.ID(), Reason: "secret refusal"}}),
		one.Attempt(ctx, attempts),
		one.SettleDocuments(ctx, []DocumentSettlement{
			{Change: changes[0], Copy: Copy{State: "secret-state", Tag: "tag"}},
			{Change: changes[1], Copy: changes[1].Copy, Reason: "secret conflict", Conflict: true},
			{Change: changes[2], Reason: "secret size"},
		}),
		s.Change(ctx, changes[0].Place, changes[0].ID, func(*Document) (*Document, error) { return nil, nil }), // that one has it
		two.Fail(ctx, "secret failure", deadline),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// answers is all that an eventful store says when it is asked for all.
func answers(t *testing.T, s *Store) []string {
	t.Helper()
	a := &asked{T: t, s: s}
	a.statements()
	a.documents()
	for _, endpoint := range endpoints {
		a.outbox(s.Outbox(endpoint))
	}
	return a.all
}

type asked struct {
	*testing.T
	s   *Store
	all []string
}

func (a *asked) say(question string, answer any, err error) {
	a.Helper()
	text, failed := json.Marshal(answer)
	if failed != nil {
		a.Fatal(failed)
	}
	a.all = append(a.all, fmt.Sprintf("%s: %s %v", question, text, err))
}

func (a *asked) query(question string, q Query) {
	a.Helper()
	q.Limit = 100
	page, err := a.s.Query(a.Context(), q)
	var all []string
	for _, r := range page.Statements {
		all = append(all, r.Version.String()+" "+string(r.JSON))
	}
	a.say(question, all, err)
}

func (a *asked) statements() {
	ctx := a.Context()
	a.query("all", Query{})
	a.query("oldest", Query{Ascending: true})
	var terms []statement.Term
	for _, v := range verbs {
		terms = append(terms, statement.Term{Kind: statement.Verb, Value: v})
	}
	for _, v := range actors {
		terms = append(terms, statement.Term{Kind: statement.Agent, Value: v}, statement.Term{Kind: statement.RelatedAgent, Value: v})
	}
	for _, v := range activities {
		terms = append(terms, statement.Term{Kind: statement.Activity, Value: v}, statement.Term{Kind: statement.RelatedActivity, Value: v})
	}
	terms = append(terms, statement.Term{Kind: statement.Registration, Value: strings.ToLower(enrolment)})
	for _, one := range terms {
		a.query(fmt.Sprintf("%c %s", one.Kind, one.Value), Query{Terms: []statement.Term{one}})
		for _, other := range terms {
			a.query(fmt.Sprintf("%c %s, %c %s", one.Kind, one.Value, other.Kind, other.Value), Query{Terms: []statement.Term{one, other}})
		}
	}
	page, err := a.s.Query(ctx, Query{Limit: 1})
	if err != nil {
		a.Fatal(err)
	}
	st, err := statement.Parse(page.Statements[0].JSON, page.Statements[0].Version)
	if err != nil {
		a.Fatal(err)
	}
	a.query("of the authority", Query{Authority: st.Authority()})
	for n := range eventfulStatements {
		for _, voided := range []bool{false, true} {
			r, err := a.s.Statement(ctx, eventfulID(n), voided)
			a.say(fmt.Sprintf("statement %d, voided %t", n, voided), string(r.JSON), err)
		}
	}
	for _, text := range []string{`{"mbox":"mailto:secret-amina@example.com"}`, `{"account":{"homePage":"https://auth.example","name":"secret-karim"}}`} {
		actor, err := statement.ParseActor([]byte(text))
		if err != nil {
			a.Fatal(err)
		}
		names, err := a.s.Names(ctx, actor)
		a.say("names", names, err)
	}
	for _, id := range activities {
		definition, err := a.s.Definition(ctx, id)
		a.say("definition", string(definition), err)
	}
}

func (a *asked) documents() {
	for _, p := range places() {
		ids, newest, err := a.s.Documents(a.Context(), p, time.Time{})
		slices.Sort(ids)
		a.say(fmt.Sprintf("documents of %v", p), ids, err)
		if p.Resource != State || p.Registration != "" {
			a.say("the newest of them", newest.UnixMicro(), nil)
		}
		for _, id := range []string{"secret-bookmark", "secret-notes", "none"} {
			d, err := a.s.Document(a.Context(), p, id)
			if err != nil {
				d = &Document{}
			}
			a.say(id, []any{d.ContentType, string(d.Content), d.Updated.UnixMicro()}, err)
		}
	}
}

func (a *asked) outbox(o *Outbox) {
	ctx := a.Context()
	status, err := o.Status(ctx)
	a.say("status", status, err)
	waiting, err := o.Next(ctx, 100, 1<<20)
	for _, w := range waiting {
		a.say("waits", []any{w.ID(), w.Seq, w.Held}, nil)
	}
	a.say("waiting", len(waiting), err)
	changes, err := o.Changes(ctx, 100, 1<<20)
	for _, c := range changes {
		if c.Document != nil {
			c.Document.Updated = c.Document.Updated.UTC()
		}
		a.say("changed", c, nil)
	}
	a.say("changes", len(changes), err)
	for _, sum := range sums {
		file, err := o.Attachment(ctx, sum)
		a.say("attachment", []string{file.ContentType, string(file.Content)}, err)
	}
}
