//go:build linux && curl

package e2e_test

import "testing"

// TestCurl plays the README's example with curl(1), which knows nothing of this
// project.
func TestCurl(t *testing.T) { play(t, "testdata/curl") }
