package statement

import "slices"

// verb: Data 2.4.3.
func (c *checker) verb(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "id":
			return iri
		case "display":
			return languageMap
		}
		return nil
	}, "id")
}

// activity: Data 2.4.4.1.
func (c *checker) activity(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "objectType":
			return exactly(activityType)
		case "id":
			return iri
		case "definition":
			return c.definition
		}
		return nil
	}, "id")
}

// interactionTypes: Data 2.4.4.1.
var interactionTypes = []string{"true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert", "numeric", "other"}

// interactionProperties make sense with an interactionType alone.
var interactionProperties = []string{"correctResponsesPattern", "choices", "scale", "source", "target", "steps"}

func (c *checker) definition(v *value) error {
	if err := c.object(v, c.definitionProperty); err != nil {
		return err
	}
	if slices.ContainsFunc(interactionProperties, v.has) && !v.has("interactionType") {
		return wrong("describes an interaction and has no %q", "interactionType")
	}
	return nil
}

func (c *checker) definitionProperty(key string) rule {
	switch key {
	case "name", "description":
		return languageMap
	case "type", "moreInfo":
		return iri
	case "extensions":
		return extensions
	case "interactionType":
		return formatted(func(s string) bool { return slices.Contains(interactionTypes, s) }, "a type of interaction")
	case "correctResponsesPattern":
		return arrayOf(isText)
	case "choices", "scale", "source", "target", "steps":
		return c.components
	}
	return nil
}

// components of an interaction: their ids are distinct.
func (c *checker) components(v *value) error {
	seen := map[string]bool{}
	return each(v, func(item *value) error {
		err := c.object(item, func(key string) rule {
			switch key {
			case "id":
				return isText
			case "description":
				return languageMap
			}
			return nil
		}, "id")
		if id := item.get("id").str(); err == nil && seen[id] {
			return at("id", wrong("appears twice"))
		}
		seen[item.get("id").str()] = true
		return err
	})
}
