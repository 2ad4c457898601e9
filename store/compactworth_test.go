package store

import "testing"

func TestWorthCompacting(t *testing.T) {
	const megabyte = 1 << 20
	for _, test := range []struct {
		usage Usage
		worth bool
	}{
		{Usage{}, false},
		{Usage{Size: megabyte, Free: megabyte - 1}, false},
		{Usage{Size: 2 * megabyte, Free: megabyte}, true},
		{Usage{Size: 2*megabyte + 1, Free: megabyte}, false},
		{Usage{Size: 1000 * megabyte, Free: 127 * megabyte}, false},
		{Usage{Size: 1000 * megabyte, Free: 128 * megabyte}, true},
	} {
		if got := test.usage.worthCompacting(); got != test.worth {
			t.Errorf("%+v is worth it: %t", test.usage, got)
		}
	}
}
