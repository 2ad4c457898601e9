// Package onetime shows one request to the person in the browser of a desktop.
//
// A [Page] serves the person's side on a port of localhost, to one browser alone:
// the first that asks for the one-time address, which contains a secret. It gets a
// cookie for it, and everything else needs the cookie. A second use of the address
// ends the request, because arguments of programs can be read by others: the browser
// that was meant may be the second.
//
// Beware: a process that reads the arguments before the browser was there, and
// decides in the meantime, has decided. It has to be of this user and outside of
// every sandbox, unless others may look at this user's processes (see hidepid in
// proc(5)); what it does is in the audit trail.
package onetime

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ui"
)

// A Page is one visit of the person's side.
type Page struct {
	Pages http.Handler // of the person's side
	Path  string       // where the visit begins, such as "/consent/ID"
	// Open gives the address to the browser.
	Open func(ctx context.Context, address string) error
	// Launched reports whether a redirect has been launched by another way, so that
	// the browser is not to follow it. nil leaves all to the browser.
	Launched func(uri string) bool
}

// ErrSecondUse ends a visit whose address was used twice.
var ErrSecondUse = errors.New("the one-time address of the page was used twice, so the request is ended: somebody else may have seen it")

// Show opens the page in the browser and serves it until done is closed, and then
// until the browser has what comes after, or a few seconds. It returns what Open
// returned, ErrSecondUse, or the end of ctx.
func (p Page) Show(ctx context.Context, done <-chan struct{}) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	v := &visit{page: p, host: listener.Addr().String(), secret: rand.Text(), cookie: rand.Text(), name: "offlineauth-" + rand.Text(), stolen: make(chan struct{})}
	server := &http.Server{Handler: v, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	go server.Serve(listener) // until it is closed
	defer server.Close()
	if err := p.Open(ctx, "http://"+v.host+start+v.secret); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-v.stolen:
	case <-done:
	}
	ending, cancel := context.WithTimeout(ctx, lastPage)
	defer cancel()
	if v.ended() {
		server.Shutdown(ending)
		return ErrSecondUse
	}
	select { // the redirect to the last page has its own request
	case <-v.stolen:
		server.Shutdown(ending)
	case <-ending.Done():
	}
	return nil
}

// lastPage is how long the browser has for the page after the decision.
const lastPage = 2 * time.Second

const start = "/start/"

// visit is the server of one page.
type visit struct {
	page                       Page
	host, secret, cookie, name string

	mu     sync.Mutex
	code   string // of the language of the pages; "" while that is not known
	used   bool
	over   bool
	stolen chan struct{} // closed when the address was used twice
}

func (v *visit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secret, starts := strings.CutPrefix(r.URL.Path, start)
	switch {
	case r.Host != v.host: // another name that was pointed here
		http.Error(w, "this is "+v.host, http.StatusMisdirectedRequest)
	case starts:
		v.begin(w, r, secret)
	case v.ended():
		v.say(w, r, http.StatusGone, ui.MessageUsedTwice)
	case !v.knows(r):
		v.say(w, r, http.StatusForbidden, ui.MessageOtherBrowser)
	case r.URL.Path == last:
		v.say(w, r, http.StatusOK, ui.MessageLaunched)
	default:
		v.page.Pages.ServeHTTP(&follower{ResponseWriter: w, launched: v.page.Launched, speaks: v.learn}, r)
	}
}

// begin exchanges the secret for a cookie, once.
func (v *visit) begin(w http.ResponseWriter, r *http.Request, secret string) {
	switch {
	case r.Method != http.MethodGet || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch"):
		w.WriteHeader(http.StatusNoContent) // nobody looks at it yet
	case !equal(secret, v.secret):
		http.NotFound(w, r)
	case !v.take():
		v.say(w, r, http.StatusGone, ui.MessageUsedTwice)
	default:
		http.SetCookie(w, &http.Cookie{Name: v.name, Value: v.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Location", v.page.Path)
		w.WriteHeader(http.StatusSeeOther)
	}
}

// take reports whether it is the first use of the address. The second ends the visit.
func (v *visit) take() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := !v.used
	v.used = true
	if !first && !v.over {
		v.over = true
		close(v.stolen)
	}
	return first
}

func (v *visit) ended() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.over
}

func (v *visit) knows(r *http.Request) bool {
	cookie, err := r.Cookie(v.name)
	return err == nil && equal(cookie.Value, v.cookie)
}

// learn remembers the language of the pages, which the person may have chosen.
func (v *visit) learn(code string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.code = code
}

// say writes a page of its own, in the language of the others. To another browser it
// is that browser's.
func (v *visit) say(w http.ResponseWriter, r *http.Request, status int, m ui.Message) {
	v.mu.Lock()
	language, learned := ui.LanguageOf(v.code)
	v.mu.Unlock()
	if !learned || !v.knows(r) {
		language = ui.MatchLanguage(r.Header.Get("Accept-Language"))
	}
	m.Write(w, r, status, language)
}
