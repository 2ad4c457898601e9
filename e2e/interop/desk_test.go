package interop

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

const (
	issuer   = "https://auth.example"
	clientID = "maths"
	apiID    = "notes"

	appRedirect      = "com.example.maths:/done"
	loopbackRedirect = "http://127.0.0.1/done" // any port (RFC 8252 section 7.3)
)

// A desk is the real program serving a data directory of its own, with a person,
// a client app, and an API app that may introspect the issuer's tokens.
type desk struct {
	*testing.T
	dir     string
	secret  string // of the API app
	message ipcapi.Address
	stream  ipcapi.Address
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir, err := os.MkdirTemp("", "interop") // t.TempDir is too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d := &desk{
		T:       t,
		dir:     dir,
		message: ipcapi.Address{Scheme: ipcapi.UnixSeqpacket, Path: filepath.Join(dir, "ipc", "message.sock")},
		stream:  ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "ipc", "stream.sock")},
	}
	d.run("init", "--issuer", issuer, "--ipc", d.message.String(), "--ipc", d.stream.String())
	d.run("account", "add", "--username", "amina", "--name", "Amina")
	d.run("client", "add", "--id", clientID, "--name", "Maths", "--redirect-uri", appRedirect, "--redirect-uri", loopbackRedirect)
	d.secret = d.addAPI()
	serve(t, dir)
	return d
}

func (d *desk) run(args ...string) string {
	d.Helper()
	out, err := run(d.Context(), d.dir, args...)
	if err != nil {
		d.Fatal(err)
	}
	return out
}

// addAPI registers the API app and returns its secret.
func (d *desk) addAPI() string {
	d.Helper()
	out := d.run("client", "add", "--id", apiID, "--resource", issuer, "--secret", "--json")
	var added struct {
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal([]byte(out), &added); err != nil || added.Secret == "" {
		d.Fatalf("client add printed %q: %v", out, err)
	}
	return added.Secret
}

// client is how a library reaches the issuer's URLs: over the wire that the
// address is for, and nowhere else.
func (d *desk) client(address ipcapi.Address) *http.Client {
	d.Helper()
	transport, err := unixipc.Transport(address, ipcapi.Limits{})
	if err != nil {
		d.Fatal(err)
	}
	client := &http.Client{Transport: transport, Timeout: limit}
	d.Cleanup(client.CloseIdleConnections)
	return client
}

// eachWire runs a test of a library over each wire.
func eachWire(t *testing.T, test func(d *desk, c *http.Client)) {
	d := newDesk(t)
	for name, address := range map[string]ipcapi.Address{"message": d.message, "stream": d.stream} {
		t.Run(name, func(t *testing.T) {
			d := *d
			d.T = t
			test(&d, d.client(address))
		})
	}
}

// accept launches the link, and the person accepts. It returns what the client
// receives.
func (d *desk) accept(link string) *url.URL { return d.open(link, "--approve") }

// deny is the same with a person who says no.
func (d *desk) deny(link string) *url.URL { return d.open(link, "--deny") }

func (d *desk) open(link, decision string) *url.URL {
	d.Helper()
	printed := d.run("open", link, decision, "--print-redirect")
	redirect, err := url.Parse(strings.TrimSpace(printed))
	if err != nil {
		d.Fatal(err)
	}
	return redirect
}

// code is what a client takes from an answer after it checked it. The Go libraries
// leave these two checks to their caller (RFC 6749 section 10.12, RFC 9207 section 2.4).
func (d *desk) code(redirect *url.URL, state string) string {
	d.Helper()
	answer := redirect.Query()
	if answer.Get("state") != state || answer.Get("iss") != issuer || answer.Get("code") == "" {
		d.Fatalf("the answer is %s", redirect)
	}
	return answer.Get("code")
}

// body reads an answer that must have this status.
func (d *desk) body(status int, response *http.Response, err error) []byte {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		d.Fatal(err)
	}
	if response.StatusCode != status {
		d.Fatalf("%s %s: %s %s", response.Request.Method, response.Request.URL, response.Status, b.Bytes())
	}
	return b.Bytes()
}
