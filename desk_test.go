package offlineauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/ui"
)

const (
	issuer      = "https://auth.example"
	redirectURI = "com.example.maths:/done"
	service     = "unix:/run/user/1000/auth/stream.sock"
)

var verifier = strings.Repeat("v", 43)

// A desk is a server on a directory of its own, and a client that calls it as
// an app would: through the message wire.
type desk struct {
	*testing.T
	config offlineauth.Config
	server *offlineauth.Server
	caller ipcapi.Caller
}

func newDesk(t *testing.T, change ...func(*offlineauth.Config)) *desk {
	t.Helper()
	services, err := ipcapi.ParseService(service)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, caller: ipcapi.Caller{Transport: "local", UID: 1000, PID: 1, Identity: "uid:10012"}}
	d.config = offlineauth.Config{
		Issuer:   issuer,
		DataDir:  t.TempDir(),
		Services: services,
		Logger:   slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, c := range change {
		c(&d.config)
	}
	d.open()
	t.Cleanup(func() { d.server.Close() })
	if _, _, err := d.server.AddClient(t.Context(), authz.Registration{ID: "maths", Name: "Maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.server.AddAccount(t.Context(), "amina", "Amina"); err != nil {
		t.Fatal(err)
	}
	return d
}

// open starts the server, as a process that is started does.
func (d *desk) open() {
	d.Helper()
	server, err := offlineauth.New(d.Context(), d.config)
	if err != nil {
		d.Fatal(err)
	}
	d.server = server
}

// restart is the process being killed and woken again.
func (d *desk) restart() {
	d.Helper()
	if err := d.server.Close(); err != nil {
		d.Fatal(err)
	}
	d.open()
}

// link is a good authorization link.
func (d *desk) link(scope string) string {
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"client_id":             {"maths"},
		"redirect_uri":          {redirectURI},
		"response_type":         {"code"},
		"scope":                 {scope},
		"state":                 {"af0ifjsldkj"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}
	return d.config.Issuer + "/authorize?" + query.Encode()
}

// consent plays a person who accepts, and returns what the client receives.
func (d *desk) consent(scope string) *linkhandler.Response {
	d.Helper()
	request, err := d.server.Begin(d.Context(), d.link(scope))
	if err != nil {
		d.Fatal(err)
	}
	launch, err := d.server.Resolve(d.Context(), request.ID, ui.Decision{Accept: true, AccountID: request.Preferred().ID}, "test")
	if err != nil {
		d.Fatal(err)
	}
	response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil {
		d.Fatal(err)
	}
	return response
}

// An answer is what the server said.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) field(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// call sends a request as the desk's caller.
func (d *desk) call(method, at, token string, form url.Values) answer {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, at, strings.NewReader(form.Encode()))
	if err != nil {
		d.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return d.send(r)
}

func (d *desk) send(r *http.Request) answer {
	d.Helper()
	response, err := ipcapi.Local(d.server.Handler(), d.caller).RoundTrip(r)
	if err != nil {
		d.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		d.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, text: string(b)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		var list []any // some answers are one
		if err := json.Unmarshal(b, &a.body); err != nil && json.Unmarshal(b, &list) != nil {
			d.Fatal(err)
		}
	}
	return a
}

func (d *desk) post(path string, form url.Values) answer {
	d.Helper()
	form.Set("client_id", "maths")
	return d.call(http.MethodPost, d.config.Issuer+path, "", form)
}

func (d *desk) get(path, token string) answer {
	d.Helper()
	return d.call(http.MethodGet, d.config.Issuer+path, token, nil)
}

func (d *desk) redeem(code string) answer {
	d.Helper()
	return d.post("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}})
}

func (d *desk) refresh(token string) answer {
	d.Helper()
	return d.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// expect fails the test unless the answer has this status and error.
func (d *desk) expect(status int, code string, a answer) answer {
	d.Helper()
	if a.status != status || a.field("error") != code {
		d.Fatalf("answer %d %s, want %d %q", a.status, a.text, status, code)
	}
	return a
}
