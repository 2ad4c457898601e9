package control

import (
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

func TestServerOf(t *testing.T) {
	const amina, bilal, root = 1000, 1001, 0
	for _, test := range []struct {
		own, peer int
		good      bool
	}{
		{amina, amina, true}, {amina, root, true}, {amina, bilal, false}, {amina, -1, false},
		{root, root, true}, {root, amina, true},
	} {
		if err := serverOf(test.own)(ipcapi.Caller{UID: test.peer}); (err == nil) != test.good {
			t.Errorf("uid %d, served by %d: %v", test.own, test.peer, err)
		}
	}
}
