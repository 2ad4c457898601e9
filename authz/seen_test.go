package authz_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
)

// TestASeenTokenIsNoBetterThanANewOne: that its signature was good once says
// nothing about the rest.
func TestASeenTokenIsNoBetterThanANewOne(t *testing.T) {
	for name, end := range map[string]func(d *desk, token string){
		"revoked": func(d *desk, _ string) {
			if err := d.server.RevokeGrant(d.Context(), d.onlyGrant().ID); err != nil {
				d.Fatal(err)
			}
		},
		"expired": func(*desk, string) { time.Sleep(10*time.Minute + time.Second) },
		"key discarded": func(d *desk, _ string) {
			if _, err := d.server.RotateKey(d.Context(), authz.Rotation{Discard: true}); err != nil {
				d.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				token := d.login().text("access_token")
				for range 3 {
					if !d.live(token) {
						t.Fatal("the token is refused")
					}
				}
				for _, altered := range []string{token + "A", token[:len(token)-1], strings.ToUpper(token)} {
					if d.live(altered) {
						t.Fatal("another token is taken for it")
					}
				}
				end(d, token)
				if d.live(token) {
					t.Error("it is still honoured")
				}
			})
		})
	}
}

// TestSeenTokensAreBounded shows more tokens than are remembered.
func TestSeenTokensAreBounded(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	first := tokens.text("access_token")
	for range 1100 {
		tokens = d.post("/token", refreshForm(tokens.text("refresh_token")))
		if !d.live(tokens.text("access_token")) {
			t.Fatal("refused")
		}
	}
	if n := d.server.Seen(); n > 1024 {
		t.Errorf("%d tokens are remembered", n)
	}
	if !d.live(first) {
		t.Error("a token that was forgotten is refused")
	}
}
