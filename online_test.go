package offlineauth_test

import (
	"context"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/client"
)

const password = "correct horse battery"

// A browser is one beyond the device: all it has is the network.
type browser struct {
	*testing.T
	http *http.Client
	at   *url.URL
	page string
}

// online serves the network by HTTP/2, and returns the way there.
func (d *desk) online() *http.Transport {
	d.Helper()
	accounts, err := d.server.Accounts(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	for _, a := range accounts {
		if err := d.server.SetSecret(d.Context(), a.ID, authz.Password, password); err != nil {
			d.Fatal(err)
		}
	}
	handler, err := d.server.Online(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	d.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.ServerName = "example.com" // as the test certificate says
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}
	return transport
}

func newBrowser(t *testing.T, network http.RoundTripper) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{T: t, http: &http.Client{Transport: network, Jar: jar}}
}

// open loads a page, and follows where it leads to.
func (b *browser) open(link string) int {
	b.Helper()
	return b.send(http.NewRequestWithContext(b.Context(), "GET", link, nil))
}

func (b *browser) send(r *http.Request, err error) int {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	resp, err := b.http.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	if resp.ProtoMajor != 2 {
		b.Errorf("%s by %s", r.URL, resp.Proto)
	}
	b.at, b.page = resp.Request.URL, string(page)
	return resp.StatusCode
}

var (
	action = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	mark   = regexp.MustCompile(`name="form" value="([^"]*)"`)
	radio  = regexp.MustCompile(`name="account" value="([^"]*)"`)
	link   = regexp.MustCompile(`class="button main" href="([^"]*)"`)
)

func found(page string, what *regexp.Regexp) string {
	if m := what.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// submit sends the form of the page, as soon as it has been there for long enough
// to be read.
func (b *browser) submit(fields ...string) int {
	b.Helper()
	to, err := b.at.Parse(found(b.page, action))
	if err != nil {
		b.Fatal(err)
	}
	form := url.Values{"form": {found(b.page, mark)}}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		r, err := http.NewRequestWithContext(b.Context(), "POST", to.String(), strings.NewReader(form.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", issuer)
		}
		status := b.send(r, err)
		if status != http.StatusTooEarly {
			return status
		}
		if time.Now().After(deadline) {
			b.Fatal("always too early")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestOnline is a login where the authorization app is not on the device: the same
// client, a browser, and HTTPS.
func TestOnline(t *testing.T) {
	d := newDesk(t)
	if _, err := d.server.AddAccount(t.Context(), "bilal", "Bilal"); err != nil {
		t.Fatal(err)
	}
	network := d.online()
	app, err := client.New(client.Config{
		Issuer: issuer, ClientID: "maths", RedirectURI: redirectURI, Scopes: []string{"openid", "profile"},
		HTTPClient: &http.Client{Transport: network},
	})
	if err != nil {
		t.Fatal(err)
	}
	login, err := app.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, network)
	if status := b.open(login.URL); status != 200 || b.at.Path != "/person/signin" {
		t.Fatalf("the link leads to %d %s", status, b.at)
	}
	if strings.Contains(b.page, "Amina") || strings.Contains(b.page, "amina") {
		t.Error("a stranger is told who there is")
	}
	if status := b.submit("username", "amina", "password", "wrong"); status != 422 || !strings.Contains(b.page, "do not belong together") {
		t.Fatalf("a wrong password: %d %s", status, b.page)
	}
	if status := b.submit("username", "amina", "password", password); status != 200 || b.at.Path != "/person/consent" {
		t.Fatalf("the right password leads to %d %s", status, b.at)
	}
	if !strings.Contains(b.page, "Amina") || strings.Contains(b.page, "Bilal") {
		t.Error("who signed in as one may decide as another")
	}
	if status := b.submit("decision", "accept", "account", found(b.page, radio), "scope", "profile"); status != 200 || b.at.Path != "/person/done" {
		t.Fatalf("accepting leads to %d %s\n%s", status, b.at, b.page)
	}
	redirect := found(b.page, link)
	if strings.Contains(redirect, "ipc-service") || strings.Contains(redirect, "ipc-server") {
		t.Errorf("an app on another device is sent to a service of this one: %s", redirect)
	}
	api, err := app.Finish(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := api.Get(issuer + "/userinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if who, _ := io.ReadAll(resp.Body); resp.ProtoMajor != 2 || !strings.Contains(string(who), `"preferred_username":"amina"`) {
		t.Errorf("%s %s", resp.Proto, who)
	}
	trail, err := d.server.Activity(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range trail {
		if e.Kind == "approved" && e.Detail != "network" {
			t.Errorf("the decision is recorded as %+v", e)
		}
	}
	b.deciding(d)
}

// deciding tries to decide without having signed in, and as somebody else.
func (b *browser) deciding(d *desk) {
	other := newBrowser(b.T, b.http.Transport)
	other.open(d.link("openid"))
	signIn, at := other.page, *other.at
	consent := strings.Replace(other.at.String(), "signin", "consent", 1)
	for _, browser := range []*browser{other, newBrowser(b.T, b.http.Transport)} {
		browser.open(consent)
		if browser.at.Path != "/person/signin" {
			b.Errorf("a stranger is shown %s", browser.at)
		}
	}
	other.page, other.at = signIn, &at
	if status := other.submit("username", "bilal", "password", password); status != 200 {
		b.Fatalf("bilal is not signed in: %d", status)
	}
	accounts, err := d.server.Accounts(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range accounts {
		if a.Username == "amina" {
			if status := other.submit("decision", "accept", "account", a.ID, "scope", "openid"); status != 422 {
				b.Errorf("bilal decides as amina: %d", status)
			}
		}
	}
}

// TestOnlineIsNotTheDevice: what belongs to the person, or to apps that the system
// knows, is not there.
func TestOnlineIsNotTheDevice(t *testing.T) {
	d := newDesk(t)
	b := newBrowser(t, d.online())
	for path, want := range map[string]int{
		"/person/accounts": 404, "/person/apps": 404, "/person/activity": 404, "/person/settings": 404, "/person/welcome": 404,
		"/person/": 404, "/accounts": 404, "/control": 404, "/register": 404,
		"/person/consent?id=nobody": 410, "/person/signin?id=nobody": 410,
		"/authorize?client_id=nobody&redirect_uri=com.evil:/x": 400, "/jwks": 200,
	} {
		if status := b.open(issuer + path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := http.NewRequestWithContext(t.Context(), "GET", d.link("openid")+"&prompt=none", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if to := resp.Header.Get("Location"); !strings.HasPrefix(to, redirectURI) || !strings.Contains(to, "error=interaction_required") || strings.Contains(to, "ipc-service") {
		t.Errorf("an error is redirected to %q", to)
	}
	r.Host = "evil.example"
	if resp, err = b.http.Do(r); err != nil || resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host: %v, %v", resp, err)
	}
}

func TestOnlineWantsPasswords(t *testing.T) {
	d := newDesk(t)
	if _, err := d.server.Online(t.Context()); !errors.Is(err, offlineauth.ErrNoPassword) || !strings.Contains(err.Error(), "amina") {
		t.Errorf("with an account that anybody could decide for: %v", err)
	}
	if err := d.server.RemoveAccount(t.Context(), "amina"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.server.Online(t.Context()); !errors.Is(err, offlineauth.ErrNoPassword) {
		t.Errorf("with nobody: %v", err)
	}
}
