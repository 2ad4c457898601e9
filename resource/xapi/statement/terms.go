package statement

import (
	"slices"
	"strings"
)

// A Kind of term is a parameter of a query.
type Kind byte

const (
	Verb            Kind = 'v'
	Agent           Kind = 'a' // of the actor or the object
	RelatedAgent    Kind = 'A' // of anybody in the statement
	Activity        Kind = 'o' // of the object
	RelatedActivity Kind = 'O' // of any activity in the statement
	Registration    Kind = 'r'
)

// A Term is what a statement can be found by: a value of one parameter of a
// query (Communication 2.1.3). Agents and groups are by their identity.
type Term struct {
	Kind  Kind
	Value string
}

// Terms returns what s is found by, each once.
func (s *Statement) Terms() []Term { return s.TermsUnder(Actor{s.root.get("authority")}) }

// TermsUnder returns what s is found by once a store has given it an authority.
func (s *Statement) TermsUnder(authority Actor) []Term {
	var t terms
	root := s.root
	t.add(Verb, root.get("verb").get("id").str())
	t.who(root.get("actor"), Agent, RelatedAgent)
	t.who(authority.root, RelatedAgent)
	t.what(root.get("object"))
	t.around(root.get("context"))
	t.add(Registration, strings.ToLower(root.get("context").get("registration").str()))
	return t.all
}

type terms struct {
	all  []Term
	seen map[Term]struct{} // once there are many
}

func (t *terms) add(k Kind, v string) {
	if term := (Term{k, v}); v != "" && !t.has(term) {
		t.all = append(t.all, term)
	}
}

// has is quick for the few terms of a usual statement, and for a group of
// thousands.
func (t *terms) has(term Term) bool {
	if len(t.all) < 32 {
		return slices.Contains(t.all, term)
	}
	if t.seen == nil {
		t.seen = map[Term]struct{}{}
		for _, other := range t.all {
			t.seen[other] = struct{}{}
		}
	}
	_, has := t.seen[term]
	t.seen[term] = struct{}{}
	return has
}

// who adds an agent, or a group with its members.
func (t *terms) who(v *value, kinds ...Kind) {
	if v == nil {
		return
	}
	for _, k := range kinds {
		t.add(k, identity(v))
	}
	for i := range v.get("member").list() {
		t.who(&v.get("member").items[i], kinds...)
	}
}

// what adds the object of a statement.
func (t *terms) what(v *value) {
	switch v.get("objectType").str() {
	case "", activityType:
		t.add(Activity, v.get("id").str())
		t.add(RelatedActivity, v.get("id").str())
	case agentType, groupType:
		t.who(v, Agent, RelatedAgent)
	case subStatementType:
		t.inner(v)
	}
}

// inner adds what a sub-statement mentions, which is related at best.
func (t *terms) inner(v *value) {
	t.who(v.get("actor"), RelatedAgent)
	t.around(v.get("context"))
	switch o := v.get("object"); o.get("objectType").str() {
	case "", activityType:
		t.add(RelatedActivity, o.get("id").str())
	case agentType, groupType:
		t.who(o, RelatedAgent)
	}
}

// around adds the context.
func (t *terms) around(v *value) {
	t.who(v.get("instructor"), RelatedAgent)
	t.who(v.get("team"), RelatedAgent)
	for _, a := range v.get("contextAgents").list() {
		t.who(a.get("agent"), RelatedAgent)
	}
	for _, g := range v.get("contextGroups").list() {
		t.who(g.get("group"), RelatedAgent)
	}
	if activities := v.get("contextActivities"); activities != nil {
		for i := range activities.items {
			for _, a := range activities.items[i].list() {
				t.add(RelatedActivity, a.get("id").str())
			}
		}
	}
}
