package statement

import "strconv"

// result: Data 2.4.5.
func (c *checker) result(v *value) error {
	return c.object(v, func(key string) rule {
		switch key {
		case "score":
			return c.score
		case "success", "completion":
			return isBoolean
		case "response":
			return isText
		case "duration":
			return formatted(isDuration, "a duration (ISO 8601 section 4.4.3.2)")
		case "extensions":
			return extensions
		}
		return nil
	})
}

// score: Data 2.4.5.1.
func (c *checker) score(v *value) error {
	err := c.object(v, func(key string) rule {
		switch key {
		case "scaled", "raw", "min", "max":
			return isNumber
		}
		return nil
	})
	if err != nil {
		return err
	}
	scaled, has := v.number("scaled")
	if has && (scaled < -1 || scaled > 1) {
		return at("scaled", wrong("is not between -1 and 1"))
	}
	raw, hasRaw := v.number("raw")
	low, hasLow := v.number("min")
	high, hasHigh := v.number("max")
	switch {
	case hasLow && hasHigh && low >= high:
		return at("min", wrong("is not less than max"))
	case hasRaw && hasLow && raw < low:
		return at("raw", wrong("is less than min"))
	case hasRaw && hasHigh && raw > high:
		return at("raw", wrong("is more than max"))
	}
	return nil
}

func (v *value) number(key string) (float64, bool) {
	n := v.get(key)
	if n == nil {
		return 0, false
	}
	f, _ := strconv.ParseFloat(string(n.raw), 64) // out of range is infinite, which compares
	return f, true
}
