package statement

import "strings"

// Types of objects (Data 2.4.2 and 2.4.4).
const (
	agentType        = "Agent"
	groupType        = "Group"
	activityType     = "Activity"
	statementRefType = "StatementRef"
	subStatementType = "SubStatement"
)

// identifiers are the properties that say who somebody is (Data 2.4.2.3).
var identifiers = []string{"mbox", "mbox_sha1sum", "openid", "account"}

// actor: Data 2.4.2. An agent need not say that it is one.
func (c *checker) actor(v *value) error {
	if v.kind != object {
		return wrong("is not an object")
	}
	switch kind := v.get("objectType"); {
	case kind == nil || kind.str() == agentType:
		return c.agent(v)
	case kind.str() == groupType:
		return c.group(v)
	}
	return at("objectType", wrong("is neither %q nor %q", agentType, groupType))
}

func (c *checker) agent(v *value) error {
	if err := c.object(v, c.agentProperty); err != nil {
		return err
	}
	if n := identified(v); n != 1 {
		return wrong("has %d of mbox, mbox_sha1sum, openid and account; an agent has exactly one", n)
	}
	return nil
}

func (c *checker) agentProperty(key string) rule {
	switch key {
	case "objectType":
		return exactly(agentType)
	case "name":
		return isText
	}
	return c.identifier(key)
}

func (c *checker) identifier(key string) rule {
	switch key {
	case "mbox":
		return formatted(isMailto, "an address such as mailto:amina@example.com")
	case "mbox_sha1sum":
		return formatted(func(s string) bool { return len(s) == 40 && allHex(s) }, "a SHA-1 sum of 40 hexadecimal digits")
	case "openid":
		return iri
	case "account":
		return c.account
	}
	return nil
}

// account: Data 2.4.2.4.
func (c *checker) account(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "homePage":
			return iri
		case "name":
			return isText
		}
		return nil
	}, "homePage", "name")
}

// group: Data 2.4.2.2. One without an identifier is nothing but its members.
func (c *checker) group(v *value) error {
	err := c.object(v, func(key string) rule {
		switch key {
		case "objectType":
			return exactly(groupType)
		case "member":
			return arrayOf(c.agent)
		case "name":
			return isText
		}
		return c.identifier(key)
	}, "objectType")
	if err != nil {
		return err
	}
	switch n := identified(v); {
	case n > 1:
		return wrong("has %d of mbox, mbox_sha1sum, openid and account; a group has one or none", n)
	case n == 0 && len(v.get("member").list()) == 0:
		return wrong("has neither an identifier nor a member")
	}
	return nil
}

// authority: Data 2.4.9. A group is an app together with a user.
func (c *checker) authority(v *value) error {
	if err := c.actor(v); err != nil {
		return err
	}
	if v.get("objectType").str() == groupType && (identified(v) > 0 || len(v.get("member").list()) != 2) {
		return wrong("is a group, but not one of two agents without an identifier of its own")
	}
	return nil
}

func identified(v *value) int {
	n := 0
	for _, key := range identifiers {
		if v.has(key) {
			n++
		}
	}
	return n
}

// identity is the one string that is the same for the same agent or group
// (Data 2.4.2.3); "" for a group without an identifier.
func identity(v *value) string {
	for _, key := range identifiers {
		switch id := v.get(key); {
		case id == nil:
		case key == "account":
			return "account " + id.get("homePage").str() + " " + id.get("name").str()
		case key == "mbox_sha1sum":
			return key + " " + strings.ToLower(id.str())
		default:
			return key + " " + id.str()
		}
	}
	return ""
}
