//go:build linux && vm

package binder_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/e2e/vm"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// maths is the client app, with package client: «maths STEP DIR WIRE». Each step is a
// process of its own; DIR keeps the login, and WIRE is «streams» or «messages».
func maths(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	app, err := openApp()
	if err != nil {
		return err
	}
	m := &mathsApp{phoneApp: app, dir: args[1], wire: wire{app: app, messages: args[2] == "messages", traffic: new(traffic)}}
	m.wire.address = ipcapi.Address{Scheme: ipcapi.Android, Name: authPackage}
	if m.Client, err = m.client(m.dir, identityOf(authUID)); err != nil {
		return err
	}
	step := map[string]func(context.Context) error{
		"login": m.login, "large": m.large, "begin": m.begin, "finish": m.finish, "steal": m.steal,
		"killed": m.killed, "caps": m.caps, "revoke": m.revoke, "unverified": m.unverified,
	}[args[0]]
	if err := step(ctx); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return nil
}

type mathsApp struct {
	*phoneApp
	*client.Client
	dir  string
	wire wire
}

// client makes a client that knows how the issuer's app is signed.
func (m *mathsApp) client(dir, pin string) (*client.Client, error) {
	return client.New(client.Config{
		Issuer:      issuer,
		ClientID:    "maths",
		RedirectURI: redirectURI,
		Scopes:      []string{"openid", "profile", "notes"},
		Services:    packages{m.phoneApp, pin},
		Store:       client.Dir(dir),
		Connect:     m.wire.connect,
	})
}

// packages is a client.Verifier that asks the package manager how an app is signed.
type packages struct {
	app *phoneApp
	pin string // app identity
}

func (p packages) Verify(ctx context.Context, _ string, s ipcapi.Service) (ipcapi.Service, error) {
	for _, a := range s {
		if a.Scheme != ipcapi.Android {
			continue
		}
		if identity, err := p.app.signed(ctx, a.Name); err != nil || identity == p.pin {
			return ipcapi.Service{a}, err
		}
	}
	return nil, errors.New("no such app is signed as the issuer's is")
}

// Resolve implements client.Resolver.
func (p packages) Resolve(context.Context, string) (ipcapi.Service, error) {
	return ipcapi.ParseService(authPackage)
}

// ask has the person asked, and returns the redirect.
func (m *mathsApp) ask(ctx context.Context) (redirect string, err error) {
	redirects := make(chan string, 1)
	if err := m.activity(ctx, func(link string) { redirects <- link }); err != nil {
		return "", err
	}
	started, err := m.StartPushed(ctx)
	if err != nil {
		return "", err
	}
	if !strings.Contains(started.URL, "request_uri") {
		return "", fmt.Errorf("the link %s refers to no pushed request", started.URL)
	}
	if err := m.launch(ctx, started.URL, ""); err != nil {
		return "", err
	}
	select {
	case redirect := <-redirects:
		return redirect, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// login logs in, and asks who it is.
func (m *mathsApp) login(ctx context.Context) error {
	redirect, err := m.ask(ctx)
	if err != nil {
		return err
	}
	api, err := m.Finish(ctx, redirect)
	if err != nil {
		return err
	}
	vm.Say("maths: one login is %s", m.wire.traffic)
	return m.userinfo(ctx, api)
}

// userinfo wants to be told the name of the account, and not more than was granted.
func (m *mathsApp) userinfo(ctx context.Context, api *http.Client) error {
	response, body, err := get(ctx, api, issuer+"/userinfo")
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(body, `"sub"`) || strings.Contains(body, "Amina") {
		return fmt.Errorf("userinfo: %s %s", response.Status, body)
	}
	return nil
}

func get(ctx context.Context, api *http.Client, url string) (*http.Response, string, error) {
	return send(ctx, api, url, nil)
}

// send posts a body; without one it gets.
func send(ctx context.Context, api *http.Client, url string, b []byte) (*http.Response, string, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if b != nil {
		method, body = http.MethodPost, bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, "", err
	}
	response, err := api.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response, string(answer), err
}

// echo sends so many bytes, which must arrive and come back as they are.
func (m *mathsApp) echo(ctx context.Context, api *http.Client, size int) error {
	sent := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(sent)
	response, body, err := send(ctx, api, issuer+"/notes/", sent)
	if err != nil {
		return err
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(sent))
	if arrived := response.Header.Get("Digest"); response.StatusCode != http.StatusOK || arrived != digest {
		return fmt.Errorf("%s: what arrived has the digest %q, what was sent %q", response.Status, arrived, digest)
	}
	if fmt.Sprintf("%x", sha256.Sum256([]byte(body))) != digest {
		return fmt.Errorf("%d bytes came back, others than were sent", len(body))
	}
	return nil
}

// large sends 16 MiB and gets them back, and renews the login.
func (m *mathsApp) large(ctx context.Context) error {
	api, err := m.HTTPClient(ctx)
	if err != nil {
		return err
	}
	if err := m.echo(ctx, api, 16<<20); err != nil {
		return err
	}
	vm.Say("maths: 16 MiB went up and down: %s", m.wire.traffic)
	if err := m.Refresh(ctx); err != nil {
		return err
	}
	if err := m.userinfo(ctx, api); err != nil {
		return err
	}
	vm.Say("maths: the login is renewed")
	return nil
}

// begin has a redirect, and leaves it where a thief finds it.
func (m *mathsApp) begin(ctx context.Context) error {
	redirect, err := m.ask(ctx)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, "redirect"), []byte(redirect), 0o600)
}

func (m *mathsApp) redirect() (string, error) {
	b, err := os.ReadFile(filepath.Join(m.dir, "redirect"))
	return string(b), err
}

// finish uses the redirect that a thief has tried before.
func (m *mathsApp) finish(ctx context.Context) error {
	redirect, err := m.redirect()
	if err != nil {
		return err
	}
	api, err := m.Finish(ctx, redirect)
	if err != nil {
		return err
	}
	if err := m.userinfo(ctx, api); err != nil {
		return err
	}
	vm.Say("maths: the code was not used up")
	return nil
}

// steal is not the client app's: it has all that the client app has, the access
// token, the refresh token, the code and its verifier, but another uid.
func (m *mathsApp) steal(ctx context.Context) error {
	api, err := m.HTTPClient(ctx)
	if err != nil {
		return err
	}
	for _, path := range []string{"/userinfo", "/notes/"} {
		response, body, err := get(ctx, api, issuer+path)
		if err != nil {
			return err
		}
		if challenge := response.Header.Get("WWW-Authenticate"); response.StatusCode != http.StatusUnauthorized || !strings.Contains(challenge, `error="invalid_token"`) {
			return fmt.Errorf("%s: %s, %s, %s", path, response.Status, challenge, body)
		}
	}
	redirect, err := m.redirect()
	if err != nil {
		return err
	}
	_, redeemed := m.Finish(ctx, redirect)
	for what, err := range map[string]error{"the refresh token": m.Refresh(ctx), "the code with its verifier": redeemed} {
		var refusal *client.TokenError
		if !errors.As(err, &refusal) || !slices.Contains([]string{"invalid_client", "invalid_grant"}, refusal.Code) {
			return fmt.Errorf("%s: %v", what, err)
		}
	}
	vm.Say("uid %d: everything stolen is refused over %s", os.Getuid(), os.Args[len(os.Args)-1])
	return nil
}

// killed has the service killed in the middle of a request, and goes on with the next
// one.
func (m *mathsApp) killed(ctx context.Context) error {
	api, err := m.HTTPClient(ctx)
	if err != nil {
		return err
	}
	if err := m.userinfo(ctx, api); err != nil {
		return err
	}
	service, err := m.bind(ctx, authPackage, streamAction)
	if err != nil {
		return err
	}
	died := service.Died()
	_, _, lost := send(ctx, api, issuer+"/notes/killed", []byte("a note"))
	if !errors.Is(lost, ipcapi.ErrServiceDied) {
		return fmt.Errorf("the error is %v", lost)
	}
	select {
	case <-died:
	case <-ctx.Done():
		return errors.New("nobody told of the death")
	}
	if err := m.userinfo(ctx, api); err != nil {
		return err
	}
	vm.Say("maths: the service died, and came back: %v", lost)
	return nil
}

// caps sends over messages what they can carry, and what they cannot.
func (m *mathsApp) caps(ctx context.Context) error {
	api, err := m.HTTPClient(ctx)
	if err != nil {
		return err
	}
	if err := m.echo(ctx, api, 400_000); err != nil {
		return err
	}
	if n := m.wire.traffic.streams.Load(); n != 0 {
		return fmt.Errorf("400 KB took %d streams", n)
	}
	if _, err := m.wire.Exchange(ctx, make([]byte, 600_000)); !errors.Is(err, ipcapi.ErrTooLarge) {
		return fmt.Errorf("600 KB in a message: %v", err)
	}
	if err := m.echo(ctx, api, 600_000); err != nil {
		return err
	}
	if n := m.wire.traffic.streams.Load(); n != 1 {
		return fmt.Errorf("600 KB took %d streams", n)
	}
	var large *ipcapi.TooLargeError
	if _, _, err := get(ctx, api, issuer+"/notes/?size=600000"); !errors.As(err, &large) || !large.Response {
		return fmt.Errorf("an answer of 600 KB in a message: %v", err)
	}
	vm.Say("maths: what is too large for a message goes over a stream")
	return nil
}

// revoke ends the login, also for who has a copy.
func (m *mathsApp) revoke(ctx context.Context) error {
	copied, err := os.MkdirTemp("", "copy")
	if err != nil {
		return err
	}
	if err := os.CopyFS(copied, os.DirFS(m.dir)); err != nil {
		return err
	}
	if err := m.Revoke(ctx); err != nil {
		return err
	}
	if _, err := m.HTTPClient(ctx); !errors.Is(err, client.ErrNotLoggedIn) {
		return fmt.Errorf("after it: %v", err)
	}
	old, err := m.client(copied, identityOf(authUID))
	if err != nil {
		return err
	}
	api, err := old.HTTPClient(ctx)
	if err != nil {
		return err
	}
	if response, _, err := get(ctx, api, issuer+"/userinfo"); err != nil || response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("the old token: %v, %v", response, err)
	}
	vm.Say("maths: the login is revoked")
	return nil
}

// unverified meets an app with the right name that somebody else has signed.
func (m *mathsApp) unverified(ctx context.Context) error {
	c, err := m.client(m.dir, strings.ReplaceAll(identityOf(authUID), "a1", "a2"))
	if err != nil {
		return err
	}
	if _, err := c.StartPushed(ctx); !errors.Is(err, client.ErrUnverifiedService) || m.wire.traffic.streams.Load() != 0 {
		return fmt.Errorf("the error is %v, with %s", err, m.wire.traffic)
	}
	vm.Say("maths: an app that is signed by somebody else gets nothing")
	return nil
}
