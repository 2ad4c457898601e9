package authz

import (
	"slices"
	"testing"
	"time"
)

// TestLoginsSortByTime: those of one moment differ, and each is after all earlier ones.
func TestLoginsSortByTime(t *testing.T) {
	var ids []string
	for at := time.Unix(0, 0); at.Year() < 2200; at = at.Add(7*24*time.Hour + time.Millisecond) {
		ids = append(ids, loginID(at))
	}
	if !slices.IsSorted(ids) {
		t.Error("a later login is before an earlier one")
	}
	one, other := loginID(time.Unix(0, 0)), loginID(time.Unix(0, 0))
	if one == other || len(one) != 26 {
		t.Errorf("two of one moment are %q and %q", one, other)
	}
}
