package client_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/ipcapi"
)

const (
	issuer      = "https://auth.example"
	redirectURI = "com.example.maths:/done"
)

// A device is a client app and an authorization app.
type device struct {
	*testing.T
	app    *clienttest.App
	config client.Config
	client *client.Client
}

// newDevice has no service: everything is over the network, in this process.
func newDevice(t *testing.T) *device {
	t.Helper()
	app, err := clienttest.New(issuer)
	return deviceWith(t, app, err)
}

func deviceWith(t *testing.T, app *clienttest.App, err error) *device {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	d := &device{T: t, app: app, config: client.Config{
		Issuer: app.Issuer(), ClientID: "maths", RedirectURI: redirectURI,
		Scopes: []string{"openid", "profile", "offline_access"},
		Store:  new(client.Memory), HTTPClient: app.HTTPClient(),
		Logger: slog.New(slog.DiscardHandler),
	}}
	d.restart()
	return d
}

// newSocketDevice has an app on two real sockets, which the client pins.
func newSocketDevice(t *testing.T) (*device, ipcapi.Service) {
	t.Helper()
	d := newDevice(t)
	service, err := d.app.Listen(shortDir(t))
	if err != nil {
		t.Fatal(err)
	}
	d.config.HTTPClient = &http.Client{Transport: offline{t}}
	d.config.Services = client.Pinned{issuer: service}
	d.restart()
	return d, service
}

// shortDir is a directory whose name fits into the address of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "oa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// offline is a network that must not be used.
type offline struct{ t *testing.T }

func (o offline) RoundTrip(r *http.Request) (*http.Response, error) {
	o.t.Errorf("the network was used for %s", r.URL)
	return nil, errors.New("no network")
}

// restart is the client app in a new process, as configured now.
func (d *device) restart() {
	d.Helper()
	c, err := client.New(d.config)
	if err != nil {
		d.Fatal(err)
	}
	d.client = c
}

func (d *device) start() string {
	d.Helper()
	login, err := d.client.Start(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return login.URL
}

func (d *device) accept(link string) string {
	d.Helper()
	redirect, err := d.app.Accept(link)
	if err != nil {
		d.Fatal(err)
	}
	return redirect
}

func (d *device) login() *http.Client {
	d.Helper()
	hc, err := d.client.Finish(d.Context(), d.accept(d.start()))
	if err != nil {
		d.Fatal(err)
	}
	return hc
}

// userinfo returns the status of a request with the token.
func (d *device) userinfo(hc *http.Client) (int, error) {
	d.Helper()
	return fetch(d.Context(), hc, d.app.Issuer()+"/userinfo")
}

func fetch(ctx context.Context, hc *http.Client, url string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := hc.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func (d *device) wantUserinfo(hc *http.Client) {
	d.Helper()
	if status, err := d.userinfo(hc); status != http.StatusOK || err != nil {
		d.Errorf("userinfo: %d, %v", status, err)
	}
}

// requests counts those to a path, by a wire; "" is any.
func (d *device) requests(wire, path string) (n int) {
	for _, r := range d.app.Requests() {
		if r.Path == path && (wire == "" || r.Wire == wire) {
			n++
		}
	}
	return n
}

// wantNothingSent checks that neither wire nor network saw a request since.
func (d *device) wantNothingSent(before int) {
	d.Helper()
	if sent := d.app.Requests()[before:]; len(sent) != 0 {
		d.Errorf("something was sent: %v", sent)
	}
}

// intercept replaces the answers of one path.
func (d *device) intercept(path string, h func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	d.app.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == path {
			h(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answers is an interceptor with a fixed answer.
func answers(status int, contentType, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func has(all []clienttest.Request, wire string) bool {
	return slices.ContainsFunc(all, func(r clienttest.Request) bool { return r.Wire == wire })
}

// parameter reads one of a link.
func parameter(t *testing.T, link, name string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}
