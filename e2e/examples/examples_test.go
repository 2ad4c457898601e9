// Package examples plays the apps of the folder examples, as processes, against
// the client library.
package examples

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// build builds a program of the repository into a short directory, since sockets
// will be in it.
func build(t *testing.T, pkg string) (dir, program string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ex")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program = filepath.Join(dir, filepath.Base(pkg))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../"+pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir, program
}

// start runs a program until the test ends, and waits until it serves at address.
func start(t *testing.T, address ipcapi.Address, stdin string, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	process := exec.CommandContext(ctx, program, args...)
	process.Stdin = strings.NewReader(stdin)
	process.Stdout, process.Stderr = t.Output(), t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = process.Wait() }() // killed below
	t.Cleanup(func() { cancel(); <-ended })
	await(t, address, ended)
}

// await waits until something answers at address.
func await(t *testing.T, address ipcapi.Address, ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond) // a listening socket gives no signal to others
	defer tick.Stop()
	for {
		conn, err := unixipc.Dial(ctx, address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatal("the program ended at once")
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// output runs a program to its end.
func output(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	process := exec.CommandContext(ctx, program, args...)
	process.Stdin, process.Stderr = strings.NewReader(stdin), t.Output()
	out, err := process.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func get(t *testing.T, api *http.Client, url string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := api.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// login logs in: decide plays the authorization app and the person, from the
// link to the redirect.
func login(t *testing.T, cfg client.Config, decide func(link string) (redirect string)) (*client.Client, *http.Client) {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	started, err := c.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	api, err := c.Finish(t.Context(), decide(started.URL))
	if err != nil {
		t.Fatal(err)
	}
	return c, api
}

func TestAuthApp(t *testing.T) {
	dir, program := build(t, "examples/authapp")
	data := filepath.Join(dir, "data")
	address := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(data, "ipc", "http.sock")}

	// The example launches the redirect with xdg-open; here that writes it down.
	redirectFile := filepath.Join(dir, "redirect")
	opener := "#!/bin/sh\nprintf %s \"$1\" > " + redirectFile + "\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(opener), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	open := func(link string) string {
		output(t, "y\n", program, "-data", data, "open", link)
		start(t, address, "", program, "-data", data, "serve")
		redirect, err := os.ReadFile(redirectFile)
		if err != nil {
			t.Fatal(err)
		}
		return string(redirect)
	}
	_, api := login(t, client.Config{
		Issuer:      "https://lms.example",
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
		Scopes:      []string{"openid", "notes"},
		Services:    client.Pinned{"https://lms.example": {address}},
	}, open)
	if status, body := get(t, api, "https://lms.example/notes"); status != http.StatusOK || !strings.Contains(body, "for maths") {
		t.Errorf("%d %s", status, body)
	}
}

func TestAPIApp(t *testing.T) {
	_, apiProgram := build(t, "examples/apiapp")
	dir, program := build(t, "cmd/offlineauth")
	data := filepath.Join(dir, "data")
	auth := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "auth", "s")}
	notes := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "notes", "s")}

	output(t, "", program, "init", "--data", data, "--issuer", "https://auth.example", "--ipc", auth.String())
	output(t, "", program, "account", "add", "--data", data, "--username", "amina")
	output(t, "", program, "client", "add", "--data", data, "--id", "maths", "--redirect-uri", "com.example.maths:/done")
	registered := output(t, "", program, "client", "add", "--data", data, "--id", "notes-api", "--resource", "https://notes.example", "--secret")
	secret := registered[strings.LastIndexByte(registered, ' ')+1:]

	start(t, auth, "", program, "serve", "--data", data)
	start(t, notes, secret+"\n", apiProgram, "-secret", "-issuer-service", auth.String(), "-listen", notes.String())
	var token string
	cfg := client.Config{
		Issuer:      "https://auth.example",
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
		Scopes:      []string{"openid"},
		Resources:   []string{"https://notes.example"},
		Services:    client.Pinned{"https://auth.example": {auth}, "https://notes.example": {notes}},
		Connect:     copying(&token),
	}
	c, api := login(t, cfg, func(link string) string {
		return output(t, "", program, "open", "--data", data, "--approve", "--print-redirect", link)
	})
	if status, body := get(t, api, "https://notes.example/notes"); status != http.StatusOK || !strings.Contains(body, "for maths") {
		t.Errorf("%d %s", status, body)
	}
	if err := c.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The API app keeps nothing: it sees the revocation at once, whoever kept a copy.
	transport, err := unixipc.Transport(notes, ipcapi.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := get(t, &http.Client{Transport: presenting{transport, token}}, "https://notes.example/notes"); status != http.StatusUnauthorized {
		t.Errorf("the revoked token got %d", status)
	}
}

// copying opens addresses as the client does, and keeps a copy of the token.
func copying(token *string) func(ipcapi.Address) (http.RoundTripper, error) {
	return func(a ipcapi.Address) (http.RoundTripper, error) {
		transport, err := unixipc.Transport(a, ipcapi.Limits{})
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if sent := r.Header.Get("Authorization"); sent != "" {
				*token = sent
			}
			return transport.RoundTrip(r)
		}), err
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// presenting sends every request with a token.
type presenting struct {
	http.RoundTripper
	token string
}

func (p presenting) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", p.token)
	return p.RoundTripper.RoundTrip(r)
}
