package statement

// context: Data 2.4.6; 2.0 adds contextAgents and contextGroups.
func (c *checker) context(v *value) error {
	return c.object(v, c.contextProperty)
}

func (c *checker) contextProperty(key string) rule {
	switch key {
	case "registration":
		return uuid
	case "instructor":
		return c.actor
	case "team":
		return c.group
	case "contextActivities":
		return c.contextActivities
	case "revision", "platform":
		return isText
	case "language":
		return language
	case "statement":
		return c.statementRef
	case "extensions":
		return extensions
	case "contextAgents":
		return c.second(arrayOf(c.contextAgent))
	case "contextGroups":
		return c.second(arrayOf(c.contextGroup))
	}
	return nil
}

// second is the rule of a property that came with 2.0.
func (c *checker) second(check rule) rule {
	if c.version < V2 {
		return nil
	}
	return check
}

// contextActivities: Data 2.4.6.2. One activity may stand for an array of one.
func (c *checker) contextActivities(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "parent", "grouping", "category", "other":
			return func(v *value) error {
				if v.kind == array {
					return each(v, c.activity)
				}
				return c.activity(v)
			}
		}
		return nil
	})
}

func (c *checker) contextAgent(v *value) error {
	return c.relevant(v, "contextAgent", "agent", c.agent)
}

func (c *checker) contextGroup(v *value) error {
	return c.relevant(v, "contextGroup", "group", c.group)
}

// relevant checks somebody and the ways in which they matter (2.0, 4.2.2.5).
func (c *checker) relevant(v *value, objectType, who string, check rule) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "objectType":
			return exactly(objectType)
		case who:
			return check
		case "relevantTypes":
			return func(v *value) error {
				if v.kind == array && len(v.items) == 0 {
					return wrong("is empty")
				}
				return each(v, iri)
			}
		}
		return nil
	}, "objectType", who)
}

// attachment: Data 2.4.11.
func (c *checker) attachment(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "usageType", "fileUrl":
			return iri
		case "display", "description":
			return languageMap
		case "contentType":
			return formatted(isMediaType, "a media type")
		case "length":
			return func(v *value) error {
				if v.kind != number || !digits(string(v.raw)) {
					return wrong("is not a number of bytes")
				}
				return nil
			}
		case "sha2":
			return formatted(isSHA2, "a SHA-2 sum in hexadecimal digits")
		}
		return nil
	}, "usageType", "display", "contentType", "length", "sha2")
}

func isSHA2(s string) bool {
	switch len(s) * 4 {
	case 224, 256, 384, 512:
		return allHex(s)
	}
	return false
}
