package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/linkhandler/desktop"
	"github.com/offlineauth/offlineauth/ui"
	"github.com/offlineauth/offlineauth/ui/onetime"
)

// How long a page waits, and how many may.
const (
	askPatience   = 10 * time.Minute // for a decision: so long the request lives
	visitPatience = time.Hour
	maxPages      = 8
)

// A desk is a server as an application of the desktop: it takes links, and asks the
// person on a page in their browser. It implements desktop.Application.
type desk struct {
	ctx     context.Context
	server  *offlineauth.Server
	idle    *idleWatch
	pages   http.Handler
	running sync.WaitGroup

	mu    sync.Mutex
	open  int
	asked map[string]*asking // by interaction
}

// asking is one request that a page shows.
type asking struct {
	done     chan struct{} // closed when it is decided
	launched string        // the redirect, if this process launched it; valid once done is closed
}

func newDesk(ctx context.Context, server *offlineauth.Server, idle *idleWatch) *desk {
	d := &desk{ctx: ctx, server: server, idle: idle, asked: map[string]*asking{}}
	pages := server.LaunchingPages(d.decided)
	d.pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := ipcapi.Caller{Transport: "loopback", UID: -1, PID: -1} // a browser, of which the system says nothing
		pages.ServeHTTP(w, r.WithContext(ipcapi.WithCaller(r.Context(), caller)))
	})
	return d
}

// wait waits for what was begun; it ends with the context of the desk.
func (d *desk) wait() { d.running.Wait() }

// Activate shows the person's side: the app was started by hand.
func (d *desk) Activate() {
	d.begin(visitPatience, func(ctx context.Context) error {
		return onetime.Page{Pages: d.pages, Path: "/", Open: browse}.Show(ctx, nil)
	})
}

// Open takes authorization links. Without any it shows the person's side.
func (d *desk) Open(links []string) {
	if len(links) == 0 {
		d.Activate()
	}
	for _, link := range links {
		d.begin(askPatience, func(ctx context.Context) error { return d.ask(ctx, link) })
	}
}

// begin runs do beside everything else. The server is not idle meanwhile.
func (d *desk) begin(patience time.Duration, do func(context.Context) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open >= maxPages || d.ctx.Err() != nil {
		slog.Warn("a link was given to this app and not opened: too many pages wait already")
		return
	}
	d.open++
	release := d.idle.hold()
	d.running.Go(func() {
		defer release()
		ctx, cancel := context.WithTimeout(d.ctx, patience)
		defer cancel()
		if err := do(ctx); err != nil && d.ctx.Err() == nil {
			slog.Warn("a page was not answered", "reason", err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.open--
	})
}

// ask shows a request and has the answer delivered. Whatever keeps the person from
// answering is a denial.
func (d *desk) ask(ctx context.Context, link string) error {
	consent, err := d.server.Begin(ctx, link)
	if err != nil {
		return d.refuse(ctx, err)
	}
	a := &asking{done: make(chan struct{})}
	d.keep(consent.ID, a)
	defer d.keep(consent.ID, nil)
	page := onetime.Page{Pages: d.pages, Path: "/consent/" + url.PathEscape(consent.ID), Open: browse, Launched: func(uri string) bool {
		select {
		case <-a.done:
			return uri == a.launched
		default:
			return false
		}
	}}
	if err = page.Show(ctx, a.done); err == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	denial, failed := d.server.Resolve(ctx, consent.ID, ui.Decision{}, "failed")
	if failed != nil { // it was decided in that very moment
		return err
	}
	return errors.Join(err, deliver(ctx, control.Redirect{URI: denial.URI, App: denial.App}))
}

func (d *desk) keep(id string, a *asking) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a == nil {
		delete(d.asked, id)
		return
	}
	d.asked[id] = a
}

// refuse tells the client of a refusal that has a redirect, and the person of one
// that has none.
func (d *desk) refuse(ctx context.Context, err error) error {
	var refusal *authz.Error
	if errors.As(err, &refusal) && refusal.Launch != nil {
		return errors.Join(err, deliver(ctx, control.Redirect{URI: refusal.Launch.URI, App: refusal.Launch.App}))
	}
	return err
}

// decided delivers the redirect that a page decided on. The page's browser is left
// with those that are for it, and with those that cannot be delivered. What another app
// would get in the place of the attested one is not given to the browser either.
func (d *desk) decided(ctx context.Context, id string, redirect linkhandler.Launch) error {
	d.mu.Lock()
	a := d.asked[id]
	d.mu.Unlock()
	if a == nil {
		return nil
	}
	defer close(a.done)
	if forBrowser := strings.HasPrefix(redirect.URI, "http"); forBrowser {
		return nil
	}
	err := deliver(ctx, control.Redirect{URI: redirect.URI, App: redirect.App})
	switch {
	case errors.Is(err, linkhandler.ErrAnotherApp):
		slog.Warn("the app was not told", "reason", err)
		return notTold{err}
	case err != nil:
		slog.Warn("the app was not told; its page in the browser tries it", "reason", err)
	default:
		a.launched = redirect.URI
	}
	return nil
}

// notTold is a ui.Notice.
type notTold struct{ error }

func (n notTold) Unwrap() error { return n.error }

// Notice implements ui.Notice.
func (n notTold) Notice() string { return n.Error() }

// browse opens a page in the browser.
func browse(ctx context.Context, address string) error {
	return desktop.Launcher{}.Launch(ctx, linkhandler.Launch{URI: address})
}
