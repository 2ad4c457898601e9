package client_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

func TestUnverifiedServiceGetsNothing(t *testing.T) {
	pinned := func(values ...string) client.Pinned {
		var all ipcapi.Service
		for _, v := range values {
			a, err := ipcapi.ParseAddress(v)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, a)
		}
		return client.Pinned{issuer: all}
	}
	for _, c := range []struct {
		name   string
		value  string
		pins   client.Verifier
		parsed int
	}{
		{"nothing is known", "unix:/run/evil.sock", nil, 1},
		{"no pin for the issuer", "unix:/run/evil.sock", client.Pinned{}, 1},
		{"another path", "unix:/run/evil.sock", pinned("unix:/run/good.sock"), 1},
		{"another scheme", "unix-seqpacket:/run/good.sock", pinned("unix:/run/good.sock"), 1},
		{"pinned for another issuer", "unix:/run/good.sock", client.Pinned{"https://other.example": {{Scheme: ipcapi.Unix, Path: "/run/good.sock"}}}, 1},
		{"no socket", "unix:/etc/passwd", pinned("unix:/etc/passwd"), 1},
		{"not understood", "future:thing", pinned("unix:/run/good.sock"), 0},
		{"malformed", "unix:../x", pinned("unix:/run/good.sock"), 0},
		{"verifier accepts none", "unix:/run/good.sock", verifierFunc(func() (ipcapi.Service, error) { return nil, nil }), 1},
		{"verifier fails", "unix:/run/good.sock", verifierFunc(func() (ipcapi.Service, error) { return nil, errors.New("who?") }), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDevice(t)
			d.config.HTTPClient = &http.Client{Transport: offline{t}}
			d.config.Services = c.pins
			d.config.Connect = func(a ipcapi.Address) (http.RoundTripper, error) {
				t.Errorf("connected to %s", a)
				return nil, errors.ErrUnsupported
			}
			d.restart()
			redirect := clienttest.Tamper(d.accept(d.start()), "ipc-service", c.value)
			_, err := d.client.Finish(t.Context(), redirect)
			var unverified *client.UnverifiedServiceError
			if !errors.Is(err, client.ErrUnverifiedService) || !errors.As(err, &unverified) {
				t.Fatal(err)
			}
			if unverified.Issuer != issuer || unverified.Value != c.value || len(unverified.Service) != c.parsed || unverified.Err == nil {
				t.Errorf("%+v", unverified)
			}
			d.wantNothingSent(0)
		})
	}
}

type verifierFunc func() (ipcapi.Service, error)

func (f verifierFunc) Verify(context.Context, string, ipcapi.Service) (ipcapi.Service, error) {
	return f()
}

// The person may say that they trust the app; then the same redirect is good.
func TestFinishAfterTheServiceWasAccepted(t *testing.T) {
	d, service := newSocketDevice(t)
	d.config.Services = nil
	d.restart()
	redirect := d.accept(d.start())
	var unverified *client.UnverifiedServiceError
	if _, err := d.client.Finish(t.Context(), redirect); !errors.As(err, &unverified) {
		t.Fatal(err)
	}
	d.config.Services = client.Pinned{unverified.Issuer: unverified.Service}
	d.restart()
	hc, err := d.client.Finish(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
	if unverified.Value != service.String() {
		t.Error(unverified.Value)
	}
}

// What is written beside the pinned addresses is not used.
func TestAddedTargetIsLeftOut(t *testing.T) {
	d, service := newSocketDevice(t)
	evil := ipcapi.Address{Scheme: ipcapi.UnixSeqpacket, Path: "/run/evil.sock"}
	d.app.Announce(append(ipcapi.Service{evil}, service...))
	d.wantUserinfo(d.login())
}

func TestServiceChangedAfterLogin(t *testing.T) {
	d, _ := newSocketDevice(t)
	d.login()
	other := ipcapi.Address{Scheme: ipcapi.Unix, Path: "/run/other.sock"}
	pins := d.config.Services.(client.Pinned)
	pins[issuer] = ipcapi.Service{other}
	sent := len(d.app.Requests())
	if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrUnverifiedService) {
		t.Error(err)
	}
	if err := d.client.Revoke(t.Context()); !errors.Is(err, client.ErrUnverifiedService) {
		t.Error(err)
	}
	d.wantNothingSent(sent)
}

// With fewer addresses accepted than before, no client keeps using the others.
func TestFewerAddressesAccepted(t *testing.T) {
	d, service := newSocketDevice(t)
	old := d.login()
	d.config.Services.(client.Pinned)[issuer] = service[1:]
	hc, err := d.client.HTTPClient(t.Context())
	if err != nil || hc == old {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
	if _, err := d.userinfo(old); !errors.Is(err, client.ErrLoginRequired) {
		t.Error(err)
	}
}

func TestServiceIsNotRunning(t *testing.T) {
	d, service := newSocketDevice(t)
	redirect := d.accept(d.start())
	d.app.Close()
	if _, err := d.client.Finish(t.Context(), redirect); !errors.Is(err, ipcapi.ErrNoService) {
		t.Fatal(err)
	}
	if _, err := d.app.Listen(filepath.Dir(service[0].Path)); err != nil { // woken up
		t.Fatal(err)
	}
	hc, err := d.client.Finish(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
}

func TestServiceOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can give a socket away: PinnedOwners.VerifyPeer has its own test")
		return
	}
	d, service := newSocketDevice(t)
	for _, a := range service {
		if err := os.Chown(a.Path, 4711, -1); err != nil {
			t.Fatal(err)
		}
	}
	redirect := d.accept(d.start())
	_, err := d.client.Finish(t.Context(), redirect)
	if !errors.Is(err, client.ErrUnverifiedService) || !errors.Is(err, ipcapi.ErrRefused) {
		t.Fatal(err)
	}
	d.wantNothingSent(0)
	d.config.Services = d.config.Services.(client.Pinned).OwnedBy(4711)
	d.restart()
	hc, err := d.client.Finish(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	d.wantUserinfo(hc)
}

func TestVerifyPeer(t *testing.T) {
	pins := client.Pinned{}.OwnedBy(1000, 1001)
	for uid, good := range map[int]bool{0: true, 1000: true, 1001: true, 1002: false, -1: false} {
		if err := pins.VerifyPeer(issuer, ipcapi.Address{}, ipcapi.Caller{UID: uid}); (err == nil) != good {
			t.Errorf("uid %d: %v", uid, err)
		}
	}
	if err := (client.Pinned{}).VerifyPeer(issuer, ipcapi.Address{}, ipcapi.Caller{UID: os.Getuid()}); err != nil {
		t.Error(err)
	}
}

// The process behind an address is looked at before anything is sent to it.
func TestPeerIsRefused(t *testing.T) {
	d, service := newSocketDevice(t)
	seen := 0
	d.config.Services = peerVerifier{d.config.Services, func(name string, a ipcapi.Address, peer ipcapi.Caller) error {
		if seen++; name != issuer || a != service[0] || peer.UID != os.Getuid() {
			t.Errorf("%s %s %+v", name, a, peer)
		}
		return errors.New("not this one")
	}}
	d.restart()
	if _, err := d.client.Finish(t.Context(), d.accept(d.start())); !errors.Is(err, ipcapi.ErrRefused) {
		t.Error(err)
	}
	if d.wantNothingSent(0); seen != 1 {
		t.Errorf("%d connections", seen)
	}
}

type peerVerifier struct {
	client.Verifier
	peer func(string, ipcapi.Address, ipcapi.Caller) error
}

func (v peerVerifier) VerifyPeer(issuer string, a ipcapi.Address, peer ipcapi.Caller) error {
	return v.peer(issuer, a, peer)
}

// A resource with a service of its own is reached there, and verified as well.
func TestResourceWithItsOwnService(t *testing.T) {
	const api = "https://api.example"
	address := ipcapi.Address{Scheme: ipcapi.Unix, Path: shortDir(t) + "/api.sock"}
	l, err := unixipc.Listen(address)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- unixipc.Serve(ctx, l, unixipc.Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "api.example" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
				w.WriteHeader(http.StatusTeapot)
			}
		})})
	}()
	defer func() { cancel(); <-ended }()
	d, _ := newSocketDevice(t)
	pins := d.config.Services.(client.Pinned)
	pins[api] = ipcapi.Service{address}
	d.config.Resources = []string{api + "/v1"}
	d.restart()
	hc := d.login()
	if status, err := fetch(t.Context(), hc, api+"/v1/x"); status != 200 || err != nil {
		t.Error(status, err)
	}
	pins[api] = ipcapi.Service{{Scheme: ipcapi.Unix, Path: "/etc/passwd"}}
	var unverified *client.UnverifiedServiceError
	if _, err := d.client.HTTPClient(t.Context()); !errors.As(err, &unverified) || unverified.Issuer != api {
		t.Error(err)
	}
}

func TestNoUsableAddress(t *testing.T) {
	d := newDevice(t)
	service, err := ipcapi.ParseService("dbus:org.example.Auth")
	if err != nil {
		t.Fatal(err)
	}
	d.app.Announce(service)
	d.config.Services = client.Pinned{issuer: service}
	d.restart()
	if _, err := d.client.Finish(t.Context(), d.accept(d.start())); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	d.wantNothingSent(0)
}
