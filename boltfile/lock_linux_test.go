package boltfile

import "testing"

func TestFlockPID(t *testing.T) {
	for line, want := range map[string]int{
		"1: FLOCK  ADVISORY  WRITE 708 08:01:7346 0 EOF":  708,
		"1: FLOCK  ADVISORY  WRITE 708 08:01:17346 0 EOF": 0, // another inode
		"1: FLOCK  ADVISORY  READ 708 08:01:7346 0 EOF":   0,
		"1: POSIX  ADVISORY  WRITE 708 08:01:7346 0 EOF":  0,
		"1: -> FLOCK  ADVISORY  WRITE 9 08:01:7346 0 EOF": 0, // waits for it
		"1: FLOCK  ADVISORY  WRITE x 08:01:7346 0 EOF":    0,
		"": 0,
	} {
		if got := flockPID(line, 7346); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}
