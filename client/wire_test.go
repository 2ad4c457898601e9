package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"

	"github.com/offlineauth/offlineauth/client"
)

func TestWhichWire(t *testing.T) {
	d, _ := newSocketDevice(t)
	d.wantUserinfo(d.login())
	if err := d.client.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, wire := range map[string]string{wellKnown: "message", "/token": "message", "/jwks": "message", "/revoke": "message", "/userinfo": "stream"} {
		if d.requests(wire, path) != 1 || d.requests("", path) != 1 {
			t.Errorf("%s: %v", path, d.app.Requests())
		}
	}
}

func TestOneWireCarriesAll(t *testing.T) {
	for i, wire := range []string{"message", "stream"} {
		d, service := newSocketDevice(t)
		d.app.Announce(service[i : i+1])
		d.wantUserinfo(d.login())
		if got := d.app.Requests(); len(got) != 4 || d.requests(wire, "/userinfo") != 1 || has(got, []string{"stream", "message"}[i]) {
			t.Error(wire, got)
		}
	}
}

func TestLargeBodiesGoOverTheStream(t *testing.T) {
	d, _ := newSocketDevice(t)
	var got int64
	d.app.Handle("/upload", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got, _ = io.Copy(w, r.Body) }))
	hc := d.login()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", issuer+"/upload", strings.NewReader(strings.Repeat("x", 2<<20)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := hc.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if back, err := io.Copy(io.Discard, response.Body); got != 2<<20 || back != got || err != nil {
		t.Error(got, back, err)
	}
}

// The message wire takes little: a long token request goes over the stream, once.
func TestTooLargeForTheMessageWire(t *testing.T) {
	d, service := newSocketDevice(t)
	narrow := ipcapi.Address{Scheme: ipcapi.UnixSeqpacket, Path: shortDir(t) + "/narrow.sock"}
	serve(t, narrow, unixipc.Config{Handler: d.app.Handler("narrow"), Limits: ipcapi.Limits{Body: 1500}})
	d.config.RedirectURI += strings.Repeat("e", 1900)
	both := ipcapi.Service{narrow, service[1]}
	d.app.Announce(both)
	d.config.Services = client.Pinned{issuer: both}
	d.restart()
	d.wantUserinfo(d.login())
	if d.requests("narrow", wellKnown) != 1 || d.requests("narrow", "/token") != 0 || d.requests("stream", "/token") != 1 {
		t.Error(d.app.Requests())
	}
	d.app.Announce(both[:1])
	if _, err := d.client.Finish(t.Context(), d.accept(d.start())); !errors.Is(err, ipcapi.ErrTooLarge) {
		t.Errorf("without a stream: %v", err)
	}
}

func serve(t *testing.T, a ipcapi.Address, cfg unixipc.Config) {
	t.Helper()
	l, err := unixipc.Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- unixipc.Serve(ctx, l, cfg) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// The answer was too large: the request was carried out, and is not repeated.
func TestTooLargeAnswerIsNotRepeated(t *testing.T) {
	d := newDevice(t)
	service := ipcapi.Service{{Scheme: ipcapi.UnixSeqpacket, Path: "/m"}, {Scheme: ipcapi.Unix, Path: "/s"}}
	d.app.Announce(service)
	d.config.Services = client.Pinned{issuer: service}
	d.config.Connect = func(a ipcapi.Address) (http.RoundTripper, error) {
		wire, err := d.app.Connect(a)
		if a.Scheme != ipcapi.UnixSeqpacket {
			return wire, err
		}
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			response, err := wire.RoundTrip(r)
			if r.URL.Path == "/token" {
				return nil, &ipcapi.TooLargeError{Response: true, Stream: service[1]}
			}
			return response, err
		}), err
	}
	d.restart()
	_, err := d.client.Finish(t.Context(), d.accept(d.start()))
	var large *ipcapi.TooLargeError
	if !errors.As(err, &large) || !large.Response || d.requests("", "/token") != 1 {
		t.Error(err, d.app.Requests())
	}
}

func TestConnectFails(t *testing.T) {
	d := newDevice(t)
	service := ipcapi.Service{{Scheme: ipcapi.Unix, Path: "/s"}}
	d.app.Announce(service)
	d.config.Services = client.Pinned{issuer: service}
	broken := errors.New("broken")
	d.config.Connect = func(ipcapi.Address) (http.RoundTripper, error) { return nil, broken }
	d.restart()
	if _, err := d.client.Finish(t.Context(), d.accept(d.start())); !errors.Is(err, broken) {
		t.Error(err)
	}
	d.wantNothingSent(0)
}
