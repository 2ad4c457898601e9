package statement

import "strings"

// An Actor is an agent or a group on its own, as in a parameter of a query.
type Actor struct{ root *value }

// ParseActor reads the JSON of an agent or a group. The error is an [*Error].
func ParseActor(data []byte) (Actor, error) {
	root, err := parse(data)
	if err != nil {
		return Actor{}, err
	}
	return Actor{root}, (&checker{version: V2}).actor(root)
}

// Identity is the one string that is the same for the same agent or group; "" for
// a group without an identifier.
func (a Actor) Identity() string { return identity(a.root) }

// AgentOf returns the JSON of the agent with that identity.
func AgentOf(identity string) []byte {
	key, value, _ := strings.Cut(identity, " ")
	if key != "account" {
		return []byte(`{"` + key + `":` + string(quote(value)) + `}`)
	}
	homePage, name, _ := strings.Cut(value, " ") // an IRI has no spaces
	return []byte(`{"account":{"homePage":` + string(quote(homePage)) + `,"name":` + string(quote(name)) + `}}`)
}

// IsGroup reports whether a is a group.
func (a Actor) IsGroup() bool { return a.root.get("objectType").str() == groupType }

// JSON returns a as it was written.
func (a Actor) JSON() []byte { return a.root.raw }

// Name returns the name of a, or "".
func (a Actor) Name() string { return a.root.get("name").str() }

// Identifier returns the property that says who a is, and its JSON.
func (a Actor) Identifier() (key string, json []byte) {
	for _, key := range identifiers {
		if v := a.root.get(key); v != nil {
			return key, v.raw
		}
	}
	return "", nil
}

// Actors returns the agents and identified groups that s mentions, with the names
// it gives them.
func (s *Statement) Actors() []Actor {
	var all []Actor
	var add func(v *value)
	add = func(v *value) {
		if v == nil {
			return
		}
		if identified(v) > 0 {
			all = append(all, Actor{v})
		}
		for _, m := range v.get("member").list() {
			add(&m)
		}
	}
	for _, part := range []*value{s.root, s.root.get("object")} {
		add(part.get("actor"))
		add(part.get("context").get("instructor"))
		add(part.get("context").get("team"))
	}
	if kind := s.root.get("object").get("objectType").str(); kind == agentType || kind == groupType {
		add(s.root.get("object"))
	}
	return all
}
