package authz

import (
	"errors"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

func TestMayRetry(t *testing.T) {
	rotated := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name     string
		after    time.Duration
		used     bool // whether the successor was used
		attested bool
		want     bool
	}{
		{"at once", 0, false, false, true},
		{"in time", 60 * time.Second, false, false, true},
		{"too late", 60*time.Second + 1, false, false, false},
		{"before it happened, by a clock set back", -time.Second, false, false, false},
		{"attested, much later", 24 * time.Hour, false, true, true},
		{"attested, by a clock set back", -time.Hour, false, true, true},
		{"successor used", 0, true, false, false},
		{"attested, successor used", 0, true, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var login store.Authorization
			if test.attested {
				login.Identity = "uid:10012"
			}
			first, second, third := []byte("1"), []byte("2"), []byte("3")
			err := errors.Join(login.Issue(first, time.Time{}, rotated), login.Rotate(first, second, time.Time{}, rotated))
			if test.used {
				err = errors.Join(err, login.Rotate(second, third, time.Time{}, rotated))
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := mayRetry(&login, first, rotated.Add(test.after)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
