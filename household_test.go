package offlineauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

func newHousehold(t *testing.T) household {
	t.Helper()
	s, err := New(t.Context(), Config{Issuer: "https://auth.example", DataDir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return household{s}
}

// asks registers an app and has it ask; it returns what waits.
func (h household) asks(t *testing.T, client string) ui.Consent {
	t.Helper()
	if _, _, err := h.server.AddClient(t.Context(), authz.Registration{ID: client, Name: "The " + client, RedirectURIs: []string{"com.example.app:/done"}, Scopes: []string{"openid", "profile"}}); err != nil {
		t.Fatal(err)
	}
	request, err := h.server.Begin(t.Context(), "https://auth.example/authorize?response_type=code&scope=openid+profile&redirect_uri=com.example.app:/done&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&client_id="+client)
	if err != nil {
		t.Fatal(err)
	}
	return request.Consent
}

func (h household) add(t *testing.T, username, name string) ui.Account {
	t.Helper()
	a, err := h.AddAccount(t.Context(), username, name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestUsernamesAreMadeUp(t *testing.T) {
	h := newHousehold(t)
	for _, test := range []struct{ name, want string }{
		{"Amina Haddad", "amina.haddad"},
		{"AMINA  haddad!", "amina.haddad2"},
		{"أمينة حداد", "أمينة.حداد"},
		{"नेहा", "नेहा"},
		{"!!!", "person"},
		{strings.Repeat("x", 100), strings.Repeat("x", 50)},
	} {
		if a := h.add(t, "", test.name); a.Username != test.want || a.Name != test.name {
			t.Errorf("%q: %+v", test.name, a)
		}
	}
	if _, err := h.AddAccount(t.Context(), "person", "Another"); !errors.Is(err, ui.ErrTaken) {
		t.Errorf("a username that is taken: %v", err)
	}
	if _, err := h.AddAccount(t.Context(), "a b", "Another"); !errors.Is(err, ui.ErrUnfit) {
		t.Errorf("a username that is none: %v", err)
	}
}

func TestAPINIsNeededToApprove(t *testing.T) {
	h := newHousehold(t)
	amina := h.add(t, "amina", "Amina")
	if err := h.SetSecret(t.Context(), amina.ID, ui.PIN, "1111"); !errors.Is(err, ui.ErrUnfit) {
		t.Errorf("a simple PIN: %v", err)
	}
	if err := h.SetSecret(t.Context(), amina.ID, ui.PIN, "4071"); err != nil {
		t.Fatal(err)
	}
	c := h.asks(t, "maths")
	if len(c.Accounts) != 1 || !c.Accounts[0].HasPIN || !c.Scopes[0].Required || c.Scopes[1].Required {
		t.Errorf("asked %+v", c)
	}
	decide := func(d ui.Decision) error {
		_, err := h.server.Resolve(t.Context(), c.ID, d, "test")
		return err
	}
	for _, pin := range []string{"", "4072"} {
		if err := decide(ui.Decision{Accept: true, AccountID: amina.ID, PIN: pin}); !errors.Is(err, authz.ErrWrongSecret) {
			t.Fatalf("PIN %q: %v", pin, err)
		}
	}
	if err := decide(ui.Decision{Accept: true, AccountID: amina.ID, PIN: "4071"}); err != nil {
		t.Fatal(err)
	}
	c = h.asks(t, "reader")
	if err := decide(ui.Decision{Accept: true, AccountID: amina.ID, AuthTime: time.Now()}); err != nil { // proved on a page
		t.Fatal(err)
	}
	c = h.asks(t, "music")
	if err := decide(ui.Decision{}); err != nil {
		t.Errorf("a denial: %v", err)
	}
	if err := h.SetSecret(t.Context(), amina.ID, ui.PIN, ""); err != nil {
		t.Fatal(err)
	}
	if accounts, err := h.Accounts(t.Context()); err != nil || accounts[0].HasPIN {
		t.Errorf("%+v, %v", accounts, err)
	}
}

func TestErrorsOfSecretsAreShown(t *testing.T) {
	h := newHousehold(t)
	amina := h.add(t, "amina", "Amina")
	var wait *ui.WaitError
	if err := h.SetSecret(t.Context(), amina.ID, ui.PIN, "4071"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := h.Prove(t.Context(), amina.ID, ui.PIN, "1"); !errors.Is(err, ui.ErrWrongSecret) {
			t.Fatalf("error is %v", err)
		}
	}
	if err := h.Prove(t.Context(), amina.ID, ui.PIN, "4071"); !errors.As(err, &wait) || wait.For <= 0 {
		t.Errorf("error is %v", err)
	}
}

func TestPermissionsAndActivity(t *testing.T) {
	h := newHousehold(t)
	amina, karim := h.add(t, "amina", "Amina"), h.add(t, "karim", "Karim")
	for client, account := range map[string]string{"maths": amina.ID, "reader": karim.ID} {
		if _, err := h.Decide(t.Context(), h.asks(t, client).ID, ui.Decision{Accept: true, AccountID: account, Scopes: []string{"openid"}}); err != nil {
			t.Fatal(err)
		}
	}
	permissions, err := h.Permissions(t.Context())
	if err != nil || len(permissions) != 2 {
		t.Fatalf("%+v, %v", permissions, err)
	}
	for _, p := range permissions {
		if p.Client != "The "+p.ClientID || len(p.Scopes) != 1 || p.Scopes[0].Description != "Know that it is you" {
			t.Errorf("permission %+v", p)
		}
	}
	if err := h.Revoke(t.Context(), permissions[0].ID, "gone", permissions[1].ID); err != nil {
		t.Fatal(err)
	}
	if left, err := h.Permissions(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left %+v, %v", left, err)
	}
	events, err := h.Activity(t.Context(), 0, 2, func(e ui.Event) bool { return e.AccountID == karim.ID })
	if err != nil || len(events) != 2 || events[0].Kind != "revoked" || events[1].Kind != "approved" || events[1].Client != "The reader" {
		t.Errorf("activity %+v, %v", events, err)
	}
	older, err := h.Activity(t.Context(), events[1].Seq, 100, func(e ui.Event) bool { return true })
	if err != nil || len(older) == 0 || older[0].Seq >= events[1].Seq {
		t.Errorf("older %+v, %v", older, err)
	}
	if err := h.RemoveAccount(t.Context(), karim.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.RemoveAccount(t.Context(), karim.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestActivityLooksThroughManyEvents(t *testing.T) {
	h := newHousehold(t)
	if err := h.server.store.Do(t.Context(), func(ctx context.Context) error {
		for i := range 3 * activityPage {
			kind := "login"
			if i == 0 {
				kind = "denied"
			}
			if err := h.server.store.Events.Append(ctx, store.Event{Kind: kind}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	events, err := h.Activity(t.Context(), 0, 10, func(e ui.Event) bool { return e.Kind == "denied" })
	if err != nil || len(events) != 1 {
		t.Errorf("%+v, %v", events, err)
	}
}

func TestPreferencesAreKept(t *testing.T) {
	h := newHousehold(t)
	if p, err := h.Preferences(t.Context()); err != nil || p != (ui.Preferences{Session: 5 * time.Minute}) {
		t.Errorf("at first: %+v, %v", p, err)
	}
	want := ui.Preferences{Language: "ar"}
	if err := h.SetPreferences(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if p, err := h.Preferences(t.Context()); err != nil || p != want {
		t.Errorf("then: %+v, %v", p, err)
	}
}

// TestEveryEventHasAText: what authz records can be read by a person.
func TestEveryEventHasAText(t *testing.T) {
	source, err := os.ReadFile("authz/audit.go")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile("ui/catalogue/en.txt")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`(?m)^\tevent\w+ += "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 10 {
		t.Fatalf("only %d kinds", len(kinds))
	}
	for _, kind := range kinds {
		if key := "\nevent." + strings.ReplaceAll(kind[1], " ", "-") + " = "; !strings.Contains(string(texts), key) {
			t.Errorf("ui/catalogue has no text for the event %q", kind[1])
		}
	}
}

func TestThePagesAreServed(t *testing.T) {
	h := newHousehold(t)
	w := httptest.NewRecorder()
	h.server.Pages().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/welcome", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "What is your name?") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestACopyFromThePageIsOfUse: what the page sends can be restored here, and leaves
// nothing lying about.
func TestACopyFromThePageIsOfUse(t *testing.T) {
	h := newHousehold(t)
	h.add(t, "amina", "Amina")
	file := filepath.Join(t.TempDir(), "copy")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Backup(t.Context(), f), f.Close()); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(h.server.dir, "offlineauth-*")); err != nil || len(left) > 0 {
		t.Errorf("%q lies about, %v", left, err)
	}
	h.add(t, "karim", "Karim")
	if _, err := h.server.Restore(t.Context(), file, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	again, err := New(t.Context(), Config{Issuer: "https://auth.example", DataDir: h.server.dir})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if accounts, err := again.Accounts(t.Context()); err != nil || len(accounts) != 1 || accounts[0].Username != "amina" {
		t.Errorf("restored %+v, %v", accounts, err)
	}
}

// TestEveryScopeOfOursIsTranslated: a description changed in the code alone would be
// shown in English to everyone.
func TestEveryScopeOfOursIsTranslated(t *testing.T) {
	french, _ := ui.LanguageOf("fr")
	scopes := authz.DefaultScopes()
	for _, s := range xapi.Scopes() {
		scopes = append(scopes, authz.Scope(s))
	}
	for _, s := range scopes {
		if label := (ui.Scope{Name: s.Name, Description: s.Description}).Label(french); label == s.Description {
			t.Errorf("%s is %q in French", s.Name, label)
		}
	}
}
