package mobile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/ui"
)

// callTimeout bounds every call.
const callTimeout = 30 * time.Second

// app is the [App] there is.
type app struct {
	server  *offlineauth.Server
	host    Host
	streams *streams
	pages   http.Handler   // the person's side
	stream  ipcapi.Address // where what is too large for a message is served

	handling sync.WaitGroup // messages that are being answered
}

func open(cfg *Config, host Host) (opened App, err error) {
	defer recovered(&err)
	if cfg == nil || host == nil {
		return nil, errors.New("offlineauth: Open needs a Config and a Host")
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if cfg.MemoryLimit > 0 {
		debug.SetMemoryLimit(cfg.MemoryLimit)
	}
	full, err := cfg.full(host)
	if err != nil {
		return nil, err
	}
	server, err := offlineauth.New(ctx, full)
	if err != nil {
		return nil, err
	}
	a := &app{server: server, host: host, streams: serveStreams(server.Handler())}
	if len(full.Services) > 0 {
		a.stream = full.Services[0]
	}
	a.pages = server.LaunchingPages(func(_ context.Context, _ string, redirect linkhandler.Launch) error { return a.launch(redirect) })
	return a, nil
}

func (a *app) Close() (err error) {
	defer recovered(&err)
	a.streams.close()
	a.handling.Wait()
	return a.server.Close()
}

// do calls f as every method does its work: with a deadline, and without a panic.
func (a *app) do(f func(ctx context.Context) error) (err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return f(ctx)
}

func (a *app) Handle(request []byte, caller *Caller, call *Call) (answer *Bytes) {
	defer func() {
		if recover() != nil {
			answer = &Bytes{[]byte("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")}
		}
	}()
	a.handling.Add(1)
	defer a.handling.Done()
	ctx, cancel := call.context()
	defer cancel()
	ctx = ipcapi.WithCaller(ctx, a.caller(ctx, caller))
	wire := ipcapi.MessageServer{Handler: a.server.Handler(), Stream: a.stream, Memory: call.fits()}
	return &Bytes{wire.Serve(ctx, NewBytes(request).bytes)}
}

func (a *app) Serve(fd int, caller *Caller) (err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return a.streams.add(fd, a.caller(ctx, caller))
}

// caller is the caller under the identity that it is known by.
func (a *app) caller(ctx context.Context, c *Caller) ipcapi.Caller {
	identity := c.Identity
	if all := strings.Fields(identity); len(all) > 1 {
		identity = a.server.KnownIdentity(ctx, all)
	}
	return ipcapi.Caller{Transport: "android", UID: c.UID, PID: c.PID, Identity: identity}
}

func (a *app) Begin(link string) (request *Request, err error) {
	err = a.do(func(ctx context.Context) error {
		begun, err := a.server.Begin(ctx, link)
		var refusal *authz.Error
		switch {
		case errors.As(err, &refusal) && refusal.Launch != nil:
			return errors.Join(err, a.launch(*refusal.Launch))
		case err != nil:
			return err
		case begun.Launch != nil:
			request = &Request{Answered: true}
			return a.launch(*begun.Launch)
		}
		request = &Request{ID: begun.ID, Title: begun.Title(), Trust: begun.Trust(), JSON: encode(begun.Consent)}
		return nil
	})
	return request, err
}

func (a *app) Approve(requestID, accountID, scopes, pin string) error {
	return a.decide(requestID, ui.Decision{Accept: true, AccountID: accountID, Scopes: fields(scopes), PIN: pin})
}

func (a *app) Deny(requestID string) error { return a.decide(requestID, ui.Decision{}) }

func (a *app) decide(requestID string, d ui.Decision) error {
	return a.do(func(ctx context.Context) error {
		launch, err := a.server.Resolve(ctx, requestID, d, "screen")
		if err != nil {
			return err
		}
		return a.launch(launch)
	})
}

func (a *app) launch(l linkhandler.Launch) error {
	if err := a.host.Launch(l.URI, l.App); err != nil {
		return fmt.Errorf("the answer could not be launched: %w", err)
	}
	return nil
}

func (a *app) Trim() { debug.FreeOSMemory() }

func (a *app) Rest() {
	a.streams.rest()
	a.Trim()
}

// recovered turns a panic into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("offlineauth: internal error: %v", r)
	}
}

// fields are the words of s; nil if there are none.
func fields(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Fields(s)
}
