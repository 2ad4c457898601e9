package xapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

const (
	amina   = `{"mbox":"mailto:amina@example.com"}`
	karim   = `{"mbox":"mailto:karim@example.com"}`
	did     = "http://example.com/verbs/did"
	saw     = "http://example.com/verbs/saw"
	sums    = "http://example.com/activities/sums"
	reading = "http://example.com/activities/reading"
)

var recordsKeys = xapi.Keys{bytes.Repeat([]byte{7}, 32)}

// uuid is the nth UUID of a test.
func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func open(t testing.TB) *xapi.Store {
	t.Helper()
	s, err := xapi.Open(t.Context(), filepath.Join(t.TempDir(), "xapi.db"), recordsKeys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func parse(t *testing.T, json string) *statement.Statement {
	t.Helper()
	st, err := statement.Parse([]byte(json), statement.V1)
	if err != nil {
		t.Fatalf("%v: %s", err, json)
	}
	return st
}

// simple is a statement about an activity, or about another statement if the
// object is a UUID.
func simple(id, actor, verb, object string) string {
	o := fmt.Sprintf(`{"id":%q}`, object)
	if statement.IsUUID(object) {
		o = fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, object)
	}
	return fmt.Sprintf(`{"id":%q,"actor":%s,"verb":{"id":%q},"object":%s}`, id, actor, verb, o)
}

func add(t *testing.T, s *xapi.Store, statements ...string) error {
	t.Helper()
	a := xapi.Addition{Authority: []byte(karim)}
	for _, json := range statements {
		a.Statements = append(a.Statements, parse(t, json))
	}
	_, err := s.Add(t.Context(), a)
	return err
}

func mustAdd(t *testing.T, s *xapi.Store, statements ...string) {
	t.Helper()
	for _, json := range statements {
		if err := add(t, s, json); err != nil {
			t.Fatal(err)
		}
	}
}

// found returns the last two digits of the ids a query finds, over all pages.
func found(t *testing.T, s *xapi.Store, q xapi.Query) string {
	t.Helper()
	var ids []string
	for q.Limit = max(q.Limit, 1); ; {
		page, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Statements {
			st, err := statement.Parse(r.JSON, r.Version)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, strings.TrimLeft(st.ID()[24:], "0"))
		}
		if q.After = page.Next; page.Next == 0 {
			return strings.Join(ids, " ")
		}
	}
}

func by(kind statement.Kind, value string) statement.Term {
	return statement.Term{Kind: kind, Value: value}
}

func agent(t *testing.T, json string) string {
	t.Helper()
	a, err := statement.ParseActor([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return a.Identity()
}

func TestQueries(t *testing.T) {
	s := open(t)
	mustAdd(t, s,
		simple(uuid(1), amina, did, sums),
		simple(uuid(2), karim, did, sums),
		simple(uuid(3), amina, saw, reading),
		`{"id":"`+uuid(4)+`","actor":`+karim+`,"verb":{"id":"`+saw+`"},"object":`+strings.Replace(amina, "{", `{"objectType":"Agent",`, 1)+`,
		  "context":{"registration":"`+strings.ToUpper(uuid(77))+`","contextActivities":{"parent":{"id":"`+sums+`"}}}}`,
		`{"id":"`+uuid(5)+`","actor":{"objectType":"Group","member":[`+amina+`]},"verb":{"id":"`+did+`"},"object":{"id":"`+reading+`"},
		  "context":{"instructor":`+karim+`}}`,
	)
	a, k := agent(t, amina), agent(t, karim)
	for _, test := range []struct {
		name string
		q    xapi.Query
		want string
	}{
		{"all", xapi.Query{}, "5 4 3 2 1"},
		{"ascending", xapi.Query{Ascending: true}, "1 2 3 4 5"},
		{"in one page", xapi.Query{Limit: 9}, "5 4 3 2 1"},
		{"verb", xapi.Query{Terms: []statement.Term{by(statement.Verb, did)}}, "5 2 1"},
		{"agent: actor, object, member", xapi.Query{Terms: []statement.Term{by(statement.Agent, a)}}, "5 4 3 1"},
		{"related agent: instructor; authority of all", xapi.Query{Terms: []statement.Term{by(statement.RelatedAgent, k)}}, "5 4 3 2 1"},
		{"agent is not the authority", xapi.Query{Terms: []statement.Term{by(statement.Agent, k)}}, "4 2"},
		{"activity", xapi.Query{Terms: []statement.Term{by(statement.Activity, sums)}}, "2 1"},
		{"related activity", xapi.Query{Terms: []statement.Term{by(statement.RelatedActivity, sums)}}, "4 2 1"},
		{"registration", xapi.Query{Terms: []statement.Term{by(statement.Registration, uuid(77))}}, "4"},
		{"two", xapi.Query{Terms: []statement.Term{by(statement.Verb, did), by(statement.Agent, a)}}, "5 1"},
		{"two, ascending", xapi.Query{Terms: []statement.Term{by(statement.Verb, did), by(statement.Agent, a)}, Ascending: true}, "1 5"},
		{"three", xapi.Query{Terms: []statement.Term{by(statement.Verb, did), by(statement.Agent, a), by(statement.Activity, sums)}}, "1"},
		{"none", xapi.Query{Terms: []statement.Term{by(statement.Verb, saw), by(statement.Activity, sums)}}, ""},
		{"unknown", xapi.Query{Terms: []statement.Term{by(statement.Verb, "http://example.com/verbs/x")}}, ""},
		{"own", xapi.Query{Authority: []byte(karim), Terms: []statement.Term{by(statement.Verb, saw)}}, "4 3"},
		{"another's", xapi.Query{Authority: []byte(amina)}, ""},
		{"before all", xapi.Query{Until: time.UnixMicro(1)}, ""},
		{"after all", xapi.Query{Since: time.Now().Add(time.Hour)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := found(t, s, test.q); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// storedAt is when a statement was stored, as its JSON says.
func storedAt(t *testing.T, s *xapi.Store, id string) time.Time {
	t.Helper()
	r, err := s.Statement(t.Context(), id, false)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(r.JSON), `"stored":"`)
	stored, ok := statement.ParseTimestamp(after[:strings.Index(after, `"`)], statement.V2)
	if !ok {
		t.Fatalf("no stored in %s", r.JSON)
	}
	return stored
}

// TestSinceAndUntil: what «stored» says is exact, so a reader that asks for what
// came since the last it has misses nothing and gets nothing twice.
func TestSinceAndUntil(t *testing.T) {
	s := open(t)
	if err := add(t, s, simple(uuid(1), amina, did, sums), simple(uuid(2), amina, did, sums), simple(uuid(3), amina, did, sums)); err != nil {
		t.Fatal(err)
	}
	second := storedAt(t, s, uuid(2))
	if got := found(t, s, xapi.Query{Since: second}); got != "3" {
		t.Errorf("since: %q", got)
	}
	if got := found(t, s, xapi.Query{Until: second}); got != "2 1" {
		t.Errorf("until: %q", got)
	}
	if got := found(t, s, xapi.Query{Since: second, Terms: []statement.Term{by(statement.Verb, did)}, Ascending: true}); got != "3" {
		t.Errorf("since, by verb, ascending: %q", got)
	}
	if through := s.Through(); through.Before(storedAt(t, s, uuid(3))) {
		t.Errorf("consistent through %v only", through)
	}
}

// TestReferences: a statement is found by what finds its target, whichever of the
// two came first, but not by a mixture of the two.
func TestReferences(t *testing.T) {
	target, ref, refToRef := simple(uuid(1), amina, did, sums), simple(uuid(2), karim, saw, uuid(1)), simple(uuid(3), karim, saw, uuid(2))
	for _, order := range [][]string{{target, ref, refToRef}, {ref, refToRef, target}, {refToRef, ref, target}, {refToRef, target, ref}} {
		s := open(t)
		mustAdd(t, s, order...)
		sorted := func(q xapi.Query) string {
			ids := strings.Fields(found(t, s, q))
			slices.Sort(ids)
			return strings.Join(ids, " ")
		}
		for _, test := range []struct {
			terms []statement.Term
			want  string
		}{
			{[]statement.Term{by(statement.Activity, sums)}, "1 2 3"},
			{[]statement.Term{by(statement.Agent, agent(t, amina)), by(statement.Verb, did)}, "1 2 3"},
			{[]statement.Term{by(statement.Agent, agent(t, karim)), by(statement.Verb, saw)}, "2 3"},
			{[]statement.Term{by(statement.Agent, agent(t, karim)), by(statement.Verb, did)}, ""},
			{[]statement.Term{by(statement.Agent, agent(t, karim)), by(statement.Activity, sums)}, ""},
		} {
			if got := sorted(xapi.Query{Terms: test.terms}); got != test.want {
				t.Errorf("%v: found %q, want %q", test.terms, got, test.want)
			}
		}
	}
}

// TestACircleOfReferences ends.
func TestACircleOfReferences(t *testing.T) {
	s := open(t)
	mustAdd(t, s, simple(uuid(1), amina, did, uuid(2)), simple(uuid(2), karim, saw, uuid(1)), simple(uuid(3), karim, saw, uuid(3)))
	if got := found(t, s, xapi.Query{Terms: []statement.Term{by(statement.Verb, did)}}); got != "2 1" {
		t.Errorf("found %q", got)
	}
	if got := found(t, s, xapi.Query{Terms: []statement.Term{by(statement.Verb, did), by(statement.Agent, agent(t, karim))}}); got != "" {
		t.Errorf("found %q", got)
	}
}

// TestVoiding, in both orders: what is voided is in no query, what refers to it is.
func TestVoiding(t *testing.T) {
	target, ref, voiding := simple(uuid(1), amina, did, sums), simple(uuid(2), karim, saw, uuid(1)), simple(uuid(3), karim, statement.VerbVoided, uuid(1))
	for _, order := range [][]string{{target, ref, voiding}, {voiding, ref, target}} {
		s := open(t)
		mustAdd(t, s, order...)
		if got := found(t, s, xapi.Query{Terms: []statement.Term{by(statement.Activity, sums)}, Ascending: order[0] == target}); got != "2 3" {
			t.Errorf("found %q", got)
		}
		if got := found(t, s, xapi.Query{Limit: 10}); strings.Contains(got, "1") {
			t.Errorf("found %q", got)
		}
		if _, err := s.Statement(t.Context(), uuid(1), false); !errors.Is(err, xapi.ErrNotFound) {
			t.Errorf("the voided one as a statement: %v", err)
		}
		if r, err := s.Statement(t.Context(), uuid(1), true); err != nil || !strings.Contains(string(r.JSON), uuid(1)) {
			t.Errorf("the voided one as such: %s, %v", r.JSON, err)
		}
		if _, err := s.Statement(t.Context(), uuid(3), true); !errors.Is(err, xapi.ErrNotFound) {
			t.Errorf("the voiding one as voided: %v", err)
		}
		if err := add(t, s, simple(uuid(4), karim, statement.VerbVoided, uuid(3))); !errors.Is(err, xapi.ErrNotVoidable) {
			t.Errorf("voiding the voiding: %v", err)
		}
		mustAdd(t, s, simple(uuid(5), karim, statement.VerbVoided, uuid(1))) // again
	}
}

// TestAllOrNothing: a conflict in a batch leaves nothing of it.
func TestAllOrNothing(t *testing.T) {
	s := open(t)
	mustAdd(t, s, simple(uuid(1), amina, did, sums))
	before := storedAt(t, s, uuid(1))
	mustAdd(t, s, simple(uuid(1), amina, did, sums)) // the same again
	if !storedAt(t, s, uuid(1)).Equal(before) {
		t.Error("it was stored again")
	}
	if err := add(t, s, simple(uuid(2), amina, did, sums), simple(uuid(1), amina, saw, sums)); !errors.Is(err, xapi.ErrConflict) {
		t.Errorf("another with the same id: %v", err)
	}
	if got := found(t, s, xapi.Query{}); got != "1" {
		t.Errorf("found %q", got)
	}
}

// TestSharedCommit: of many who write at once, one is refused and the others are
// not, though they share commits.
func TestSharedCommit(t *testing.T) {
	s := open(t)
	mustAdd(t, s, simple(uuid(1), amina, did, sums))
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			verb := did
			if n%4 == 0 {
				verb = saw
			}
			err := add(t, s, simple(uuid(1), amina, verb, sums), simple(uuid(100+n), amina, did, sums))
			if conflict := errors.Is(err, xapi.ErrConflict); conflict != (verb == saw) {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	all.Wait()
	if got := strings.Fields(found(t, s, xapi.Query{Limit: 7})); len(got) != 31 {
		t.Errorf("%d statements: %v", len(got), got)
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xapi.db")
	s, err := xapi.Open(t.Context(), path, recordsKeys)
	if err != nil {
		t.Fatal(err)
	}
	mustAdd(t, s, simple(uuid(1), amina, did, sums))
	first := storedAt(t, s, uuid(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := add(t, s, simple(uuid(2), amina, did, sums)); !errors.Is(err, xapi.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if s, err = xapi.Open(t.Context(), path, recordsKeys); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustAdd(t, s, simple(uuid(2), amina, did, sums))
	if got := found(t, s, xapi.Query{}); got != "2 1" || !storedAt(t, s, uuid(2)).After(first) {
		t.Errorf("found %q", got)
	}
}

func TestDocuments(t *testing.T) {
	s := open(t)
	place := xapi.Place{Resource: xapi.State, Activity: sums, Agent: agent(t, amina)}
	registered := place
	registered.Registration = uuid(77)
	put := func(p xapi.Place, id, text string) {
		t.Helper()
		err := s.Change(t.Context(), p, id, func(*xapi.Document) (*xapi.Document, error) {
			return &xapi.Document{ContentType: "text/plain", Content: []byte(text)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(p xapi.Place) string {
		ids, _, err := s.Documents(t.Context(), p, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(ids, " ")
	}
	put(place, "a", "one")
	put(registered, "a", "two")
	put(registered, "b", "three")
	d, err := s.Document(t.Context(), place, "a")
	if err != nil || string(d.Content) != "one" || d.ContentType != "text/plain" || d.ETag() != `"fe05bcdcdc4928012781a5f1a2a77cbb5398e106"` {
		t.Errorf("%+v, %v", d, err)
	}
	if got := list(place); got != "a b" {
		t.Errorf("of all registrations: %q", got)
	}
	if ids, _, err := s.Documents(t.Context(), place, time.Now()); err != nil || len(ids) > 0 {
		t.Errorf("since now: %q, %v", ids, err)
	}
	if err := s.DeleteAll(t.Context(), registered); err != nil {
		t.Fatal(err)
	}
	if got := list(place); got != "a" {
		t.Errorf("after one registration is gone: %q", got)
	}
	other := place
	other.Resource = xapi.AgentProfile
	if _, err := s.Document(t.Context(), other, "a"); !errors.Is(err, xapi.ErrNotFound) {
		t.Errorf("in another resource: %v", err)
	}
}

// TestLargePages: a page ends before it is too large to hold, but has a statement
// at least, and attachments count if they come along.
func TestLargePages(t *testing.T) {
	s := open(t)
	content := bytes.Repeat([]byte("x"), 3<<20)
	for n := range 3 {
		file := fmt.Sprintf("%064x", n)
		st := strings.TrimSuffix(simple(uuid(n+1), amina, did, sums), "}") + `,"result":{"response":"` + strings.Repeat("y", 3<<20) + `"},
			"attachments":[{"usageType":"x:y","display":{},"contentType":"text/plain","length":1,"sha2":"` + file + `"}]}`
		_, err := s.Add(t.Context(), xapi.Addition{
			Statements:  []*statement.Statement{parse(t, st)},
			Attachments: []xapi.Attachment{{SHA2: file, ContentType: "text/plain", Content: append(content, byte(n))}},
			Authority:   []byte(karim),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mustAdd(t, s, simple(uuid(4), amina, did, sums))
	for files, want := range map[bool]int{false: 3, true: 2} {
		q := xapi.Query{Limit: 100, Files: files}
		page, err := s.Query(t.Context(), q)
		if err != nil || len(page.Statements) != want || page.Next == 0 {
			t.Errorf("with files %v: %d statements, %v", files, len(page.Statements), err)
		}
		q.After = page.Next
		if rest, err := s.Query(t.Context(), q); err != nil || len(rest.Statements) != 1 || (rest.Next != 0) != files {
			t.Errorf("with files %v, then: %d statements, %v", files, len(rest.Statements), err)
		}
	}
}
