package store

import (
	"testing"
	"time"
)

// OpenBolt gives the bbolt engine alone to the contract's tests.
func OpenBolt(t *testing.T, path string) Engine {
	t.Helper()
	e, err := openBolt(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
