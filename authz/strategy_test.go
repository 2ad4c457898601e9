package authz

import (
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
			var successor store.RefreshToken
			if test.used {
				successor.RotatedAt = rotated
			}
			if got := mayRetry(store.RefreshToken{RotatedAt: rotated}, successor, test.attested, rotated.Add(test.after)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
