package authz_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

func TestUsernames(t *testing.T) {
	d := newDesk(t)
	for _, username := range []string{"", "two words", "tab\t", "line\nbreak", "\x00", "\u202eanima", "\xff", strings.Repeat("x", 101)} {
		_, err := d.server.AddAccount(t.Context(), username, "")
		refused(t, err, "invalid_request")
	}
	for _, username := range []string{"karim@example.com", "أمينة", strings.Repeat("ä", 100)} {
		if account, err := d.server.AddAccount(t.Context(), username, ""); err != nil || account.ID == "" {
			t.Errorf("%q: %v", username, err)
		}
	}
	if _, err := d.server.AddAccount(t.Context(), "amina", "Another"); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second amina: %v", err)
	}
}

func TestARemovedAccountEndsItsLogins(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	code := d.approve(link(nil)).Code
	if err := d.server.RemoveAccount(t.Context(), "amina"); err != nil {
		t.Fatal(err)
	}
	if err := d.server.RemoveAccount(t.Context(), "amina"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	if d.live(tokens.text("access_token")) {
		t.Error("the access token survived")
	}
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(tokens.text("refresh_token"))))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", codeForm(code)))

	again, err := d.server.AddAccount(t.Context(), "amina", "Amina")
	if err != nil || again.ID == d.account.ID {
		t.Errorf("the next amina has the same subject, or %v", err)
	}
}
