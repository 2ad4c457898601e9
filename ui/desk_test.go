package ui

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A desk is an Authority in memory: people, what they have allowed, and one
// request, decided at most once.
type desk struct {
	mu          sync.Mutex
	consent     Consent
	decided     []Decision
	err         error // of Consent and Decide
	accounts    []Account
	secrets     map[string]string // by account ID and kind
	tries       int
	permissions []Permission
	revoked     []string
	events      []Event
	preferences Preferences
	backup      string // "" makes none
}

type notice string

func (n notice) Error() string  { return "refused" }
func (n notice) Notice() string { return string(n) }

func newDesk() *desk {
	d := &desk{
		consent:     maths(),
		secrets:     map[string]string{},
		preferences: Preferences{Session: 5 * time.Minute},
		permissions: []Permission{
			{ID: "g1", AccountID: "1", Client: "Maths", ClientID: "maths", Identity: "uid:7", Scopes: maths().Scopes, CreatedAt: time.Now()},
			{ID: "g2", AccountID: "2", Client: "Reading Room", ClientID: "reader", Scopes: maths().Scopes, CreatedAt: time.Now(), LastUsedAt: time.Now().Add(-3 * time.Minute)},
		},
	}
	d.accounts = d.consent.Accounts
	return d
}

func (d *desk) Consent(_ context.Context, id string) (Consent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.err != nil:
		return Consent{}, d.err
	case id != d.consent.ID:
		return Consent{}, ErrGone
	case len(d.decided) > 0:
		return Consent{}, ErrDecided
	}
	c := d.consent
	c.Accounts = d.marked()
	return c, nil
}

func (d *desk) marked() []Account {
	accounts := slices.Clone(d.accounts)
	for i, a := range accounts {
		_, accounts[i].HasPIN = d.secrets[a.ID+string(PIN)]
		_, accounts[i].HasPassword = d.secrets[a.ID+string(Password)]
	}
	return accounts
}

func (d *desk) Decide(_ context.Context, id string, decision Decision) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.decided) > 0 {
		return "", ErrDecided
	}
	d.decided = append(d.decided, decision)
	return "com.example.maths:/done?code=c", d.err
}

func (d *desk) Accounts(context.Context) ([]Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.marked(), nil
}

func (d *desk) AddAccount(_ context.Context, username, name string) (Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.ContainsFunc(d.accounts, func(a Account) bool { return a.Username == username }) {
		return Account{}, ErrTaken
	}
	if strings.Contains(username, " ") {
		return Account{}, ErrUnfit
	}
	a := Account{ID: "new", Username: username, Name: name}
	d.accounts = append(slices.Clone(d.accounts), a)
	return a, nil
}

func (d *desk) RemoveAccount(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accounts = slices.DeleteFunc(slices.Clone(d.accounts), func(a Account) bool { return a.ID == id })
	return nil
}

func (d *desk) Prove(_ context.Context, id string, kind Secret, secret string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tries++; d.tries > 5 {
		return &WaitError{90 * time.Second}
	}
	if d.secrets[id+string(kind)] != secret {
		return ErrWrongSecret
	}
	d.tries = 0
	return nil
}

func (d *desk) SetSecret(_ context.Context, id string, kind Secret, secret string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if secret == "1234" {
		return ErrUnfit
	}
	d.secrets[id+string(kind)] = secret
	if secret == "" {
		delete(d.secrets, id+string(kind))
	}
	return nil
}

func (d *desk) Permissions(context.Context) ([]Permission, error) {
	return slices.DeleteFunc(slices.Clone(d.permissions), func(p Permission) bool { return slices.Contains(d.revoked, p.ID) }), nil
}

func (d *desk) Revoke(_ context.Context, ids ...string) error {
	d.revoked = append(d.revoked, ids...)
	return nil
}

func (d *desk) Activity(_ context.Context, before uint64, limit int, match func(Event) bool) (found []Event, err error) {
	for _, e := range d.events {
		if (before == 0 || e.Seq < before) && match(e) && len(found) < limit {
			found = append(found, e)
		}
	}
	return found, nil
}

func (d *desk) Issuer() string { return "https://auth.example" }

func (d *desk) Preferences(context.Context) (Preferences, error) { return d.preferences, nil }

func (d *desk) SetPreferences(_ context.Context, p Preferences) error {
	d.preferences = p
	return nil
}

func (d *desk) Backup(_ context.Context, w io.Writer) error {
	if d.backup == "" {
		return io.ErrUnexpectedEOF
	}
	_, err := io.WriteString(w, d.backup)
	return err
}

// A browser is one at the pages of a desk, without a network. It runs inside
// synctest, so that half a second costs nothing.
type browser struct {
	*testing.T
	pages  *Pages
	jar    http.CookieJar
	header http.Header
	at     *url.URL
	page   string // what it shows
	status int
	sent   http.Header
}

const site = "http://127.0.0.1:7777/"

func browse(t *testing.T, test func(b *browser, d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		test(newBrowser(t, NewPages(d, slog.New(slog.NewTextHandler(t.Output(), nil)))), d)
	})
}

func newBrowser(t *testing.T, pages *Pages) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(site)
	return &browser{T: t, pages: pages, jar: jar, header: http.Header{}, at: at}
}

// get opens a page and follows where it leads.
func (b *browser) get(page string) {
	b.Helper()
	b.send(http.MethodGet, page, nil)
}

func (b *browser) send(method, page string, form url.Values) {
	b.Helper()
	for range 5 {
		u, err := b.at.Parse(page)
		if err != nil {
			b.Fatal(err)
		}
		b.at = u
		r := httptest.NewRequest(method, u.RequestURI(), strings.NewReader(form.Encode()))
		r.Host = u.Host
		for name, values := range b.header {
			r.Header[name] = values
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range b.jar.Cookies(u) {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		b.pages.ServeHTTP(w, r)
		b.jar.SetCookies(u, w.Result().Cookies())
		b.page, b.status, b.sent = w.Body.String(), w.Code, w.Header()
		if w.Code != http.StatusSeeOther {
			return
		}
		method, page, form = http.MethodGet, w.Header().Get("Location"), nil
	}
	b.Fatal("led on and on")
}

var (
	formPattern   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">(.*?)</form>`)
	hiddenPattern = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// form is the form of the page that has this in it, as it is before anything is filled in.
func (b *browser) form(has string) (action string, form url.Values) {
	b.Helper()
	for _, found := range formPattern.FindAllStringSubmatch(b.page, -1) {
		if !strings.Contains(found[2], has) {
			continue
		}
		form = url.Values{}
		for _, hidden := range hiddenPattern.FindAllStringSubmatch(found[2], -1) {
			form.Set(hidden[1], hidden[2])
		}
		return found[1], form
	}
	b.Fatalf("no form with %q in\n%s", has, b.page)
	return "", nil
}

// submit looks at the page, then fills in the form that has this in it, and sends it.
func (b *browser) submit(has string, fields ...string) {
	b.Helper()
	action, form := b.form(has)
	time.Sleep(settling)
	b.post(action, form, fields...)
}

func (b *browser) post(action string, form url.Values, fields ...string) {
	b.Helper()
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	b.send(http.MethodPost, action, form)
}

// shows fails the test unless the page has that status and all of these in it.
func (b *browser) shows(status int, all ...string) {
	b.Helper()
	if b.status != status {
		b.Errorf("status %d, want %d", b.status, status)
	}
	text := strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(b.page)
	for _, want := range all {
		if !strings.Contains(text, want) {
			b.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func (b *browser) hides(all ...string) {
	b.Helper()
	for _, hidden := range all {
		if strings.Contains(b.page, hidden) {
			b.Errorf("%q is in\n%s", hidden, b.page)
		}
	}
}
