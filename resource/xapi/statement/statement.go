package statement

import "strings"

// A Version of xAPI. They are ordered.
type Version int

const (
	V1 Version = 1 // 1.0.3, and all of 1.0
	V2 Version = 2 // 2.0
)

// String is the number of the newest patch of the version.
func (v Version) String() string {
	if v == V2 {
		return "2.0.0"
	}
	return "1.0.3"
}

// ParseVersion reads a version as in the header X-Experience-API-Version.
func ParseVersion(s string) (Version, bool) {
	major, patch, patched := cutThird(s)
	if patched && !digits(patch) {
		return 0, false
	}
	switch major {
	case "1.0":
		return V1, true
	case "2.0":
		return V2, true
	}
	return 0, false
}

// cutThird cuts "1.0.3" into "1.0" and "3".
func cutThird(s string) (before, after string, found bool) {
	if strings.Count(s, ".") < 2 {
		return s, "", false
	}
	return cutLast(s, ".")
}

// VerbVoided is the verb of a statement that voids another (Data 2.3.2).
const VerbVoided = "http://adlnet.gov/expapi/verbs/voided"

// A Statement is one that has been found good.
type Statement struct {
	version Version
	root    *value
}

// Parse reads one statement. The error is an [*Error].
func Parse(data []byte, v Version) (*Statement, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	return judge(root, v)
}

// ParseWithID reads a statement whose id is elsewhere too, and may be there alone
// (Communication 2.1.1). If the statement has another, that one stays.
func ParseWithID(data []byte, id string, v Version) (*Statement, error) {
	s, err := Parse(data, v)
	if err != nil || s.ID() != "" {
		return s, err
	}
	e := &edited{source: s.root}
	e.set("id", quote(id), false)
	return Parse(e.bytes(), v)
}

// ParseBatch reads a statement or an array of statements. The error is an [*Error].
func ParseBatch(data []byte, v Version) ([]*Statement, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	if root.kind != array {
		s, err := judge(root, v)
		return []*Statement{s}, err
	}
	batch := make([]*Statement, 0, len(root.items))
	ids := map[string]bool{}
	err = each(root, func(item *value) error {
		s, err := judge(item, v)
		if err != nil {
			return err
		}
		if id := strings.ToLower(s.ID()); id != "" && ids[id] {
			return at("id", wrong("appears twice in one batch"))
		} else if id != "" {
			ids[id] = true
		}
		batch = append(batch, s)
		return nil
	})
	return batch, err
}

func judge(root *value, v Version) (*Statement, error) {
	c := &checker{version: v}
	if err := c.statement(root); err != nil {
		return nil, err
	}
	return &Statement{version: v, root: root}, nil
}

// statement: Data 2.4.
func (c *checker) statement(v *value) error {
	if err := c.object(v, c.statementProperty, "actor", "verb", "object"); err != nil {
		return err
	}
	return c.wholeness(v)
}

func (c *checker) statementProperty(key string) rule {
	switch key {
	case "id":
		return uuid
	case "stored":
		return c.timestamp
	case "authority":
		return c.authority
	case "version":
		return c.versionProperty
	case "object":
		return c.anyObject
	}
	return c.commonProperty(key)
}

// commonProperty is the rule of what a statement and a sub-statement both have.
func (c *checker) commonProperty(key string) rule {
	switch key {
	case "actor":
		return c.actor
	case "verb":
		return c.verb
	case "result":
		return c.result
	case "context":
		return c.context
	case "timestamp":
		return c.timestamp
	case "attachments":
		return arrayOf(c.attachment)
	}
	return nil
}

// wholeness is what depends on more than one property.
func (c *checker) wholeness(v *value) error {
	kind := v.get("object").get("objectType").str()
	if v.get("verb").get("id").str() == VerbVoided && kind != statementRefType {
		return at("object", wrong("is not a %s, which is what can be voided", statementRefType))
	}
	if kind == "" || kind == activityType {
		return nil
	}
	for _, key := range []string{"revision", "platform"} { // Data 2.4.6
		if v.get("context").has(key) {
			return at("context", at(key, wrong("is there, and the object is not an activity")))
		}
	}
	return nil
}

func (c *checker) versionProperty(v *value) error {
	if version, ok := ParseVersion(v.text); v.kind != text || !ok || version > c.version {
		return wrong("is not a version of xAPI that goes with the request's")
	}
	return nil
}

// anyObject: Data 2.4.4.
func (c *checker) anyObject(v *value) error {
	if v.kind == object && v.get("objectType").str() == subStatementType {
		return c.subStatement(v)
	}
	return c.simpleObject(v)
}

// simpleObject is one that is no statement itself.
func (c *checker) simpleObject(v *value) error {
	if v.kind != object {
		return wrong("is not an object")
	}
	switch kind := v.get("objectType"); {
	case kind == nil || kind.str() == activityType:
		return c.activity(v)
	case kind.str() == agentType:
		return c.agent(v)
	case kind.str() == groupType:
		return c.group(v)
	case kind.str() == statementRefType:
		return c.statementRef(v)
	}
	return at("objectType", wrong("is not a type of object there is here"))
}

// subStatement: Data 2.4.4.3. It has no id, and no statement in it.
func (c *checker) subStatement(v *value) error {
	err := c.object(v, func(key string) rule {
		switch key {
		case "objectType":
			return exactly(subStatementType)
		case "object":
			return c.simpleObject
		}
		return c.commonProperty(key)
	}, "actor", "verb", "object")
	if err != nil {
		return err
	}
	return c.wholeness(v)
}

// statementRef: Data 2.4.4.3.
func (c *checker) statementRef(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "objectType":
			return exactly(statementRefType)
		case "id":
			return uuid
		}
		return nil
	}, "objectType", "id")
}
