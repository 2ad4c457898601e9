package authz

import "time"

// maxAhead is how far a time in the store may be ahead of the clock. Clocks are set
// back by minutes, and by hours when somebody corrects a time zone; what is further
// ahead was written while the clock was wrong, and must not count for as long as that
// clock would say.
const maxAhead = 24 * time.Hour

// ahead reports whether at is from the future.
func ahead(at, now time.Time) bool { return at.After(now.Add(maxAhead)) }
