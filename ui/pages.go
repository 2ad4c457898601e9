package ui

import (
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	g "maragu.dev/gomponents"
)

//go:embed style.css
var style string

// Pages serves everything a person sees. All pages are in one folder and refer to
// each other relatively, so they can be served at any path.
//
//	consent?id=ID  what an app asks for; done afterwards
//	welcome        the first account; / leads here, or to apps
//	accounts       people: account?id=ID, unlock?id=ID
//	apps           what is granted: app?id=ID
//	activity       the audit trail
//	settings       language, session, backup
type Pages struct {
	authority Authority
	log       *slog.Logger
	handler   http.Handler
	forms     forms
	answered  *recent[*answering] // by the mark of the form
	decided   *recent[decided]    // likewise
	unlocked  *recent[unlocked]   // by visitor and account
	said      *recent[string]     // by visitor

	door     Door              // over a network; nil on the device
	signedIn *recent[signedIn] // by visitor, over a network
}

// NewPages returns the pages of authority; log may be nil.
func NewPages(authority Authority, log *slog.Logger) *Pages {
	if log == nil {
		log = slog.Default()
	}
	p := &Pages{
		authority: authority,
		log:       log,
		forms:     newForms(),
		answered:  newRecent[*answering](256, doubleClick),
		decided:   newRecent[decided](64, doubleClick),
		unlocked:  newRecent[unlocked](maxVisits, visitLife),
		said:      newRecent[string](maxVisits, doubleClick),
	}
	p.handler = protect(http.NewCrossOriginProtection().Handler(p.routes()))
	return p
}

// page is what is shown at a path, and what takes its form; take may be nil.
type page struct{ show, take action }

func (p *Pages) routes() http.Handler {
	mux := p.route(map[string]page{
		"/consent":  {showConsent, takeDecision},
		"/done":     {showDone, nil},
		"/welcome":  {showWelcome, takeFirst},
		"/accounts": {showAccounts, takeAccount},
		"/account":  {showAccount, changeAccount},
		"/unlock":   {showUnlock, takePIN},
		"/apps":     {showApps, revokeAll},
		"/app":      {showApp, revokeOne},
		"/activity": {showActivity, nil},
		"/settings": {showSettings, takeSettings},
		"/":         {showHome, nil},
	})
	mux.Handle("POST /backup", http.HandlerFunc(p.backup))
	mux.HandleFunc("GET /consent/{id}", func(w http.ResponseWriter, r *http.Request) {
		seeOther(w, "../consent?"+query("id", r.PathValue("id")))
	})
	return mux
}

func (p *Pages) route(pages map[string]page) *http.ServeMux {
	mux := http.NewServeMux()
	for path, page := range pages {
		mux.Handle("GET "+path, p.shows(page.show))
		if page.take != nil {
			mux.Handle("POST "+path, p.takes(page.take))
		}
	}
	mux.HandleFunc("GET /style.css", serveStyle)
	return mux
}

// ServeHTTP implements http.Handler.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// protect keeps the pages out of frames, caches and other sites' hands. Nothing
// is run and nothing is loaded but the style.
func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

// An action answers one request of a person.
type action func(v *visit) response

// A response is a page, or another place to go to.
type response struct {
	status   int // of a page; 0 is 200
	page     g.Node
	location string  // relative; the page is not sent then
	refresh  string  // where the browser goes by itself after the page: to the app
	language *string // the language to speak from now on; "" for that of the settings
	visitor  string  // who the visitor is from now on; "" for the same
}

func goTo(location string) response { return response{location: location} }

// shows serves pages, which change nothing.
func (p *Pages) shows(show action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := p.visit(w, r)
		if err != nil {
			http.Error(w, "Something went wrong here. Try again.", http.StatusInternalServerError)
			p.log.ErrorContext(r.Context(), "page not served", "path", r.URL.Path, "cause", err)
			return
		}
		p.send(w, r, show(v))
	})
}

// An answering is what becomes of one form, however often it is sent.
type answering struct {
	done     chan struct{}
	response response
}

// takes serves what changes something: a form of ours, once.
func (p *Pages) takes(take action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, refusal := p.admit(w, r)
		if v == nil {
			return
		}
		if refusal != nil {
			p.send(w, r, *refusal)
			return
		}
		mine := &answering{done: make(chan struct{})}
		answer, again := p.answered.getOrPut(r.PostFormValue("form"), mine)
		if !again {
			p.answer(w, v, take, mine)
			return
		}
		select {
		case <-answer.done:
			p.send(w, r, answer.response)
		case <-r.Context().Done():
		}
	})
}

// answer does what the form asks for, and tells those who sent it again.
func (p *Pages) answer(w http.ResponseWriter, v *visit, take action, mine *answering) {
	finished := false
	defer func() {
		if !finished { // take panics
			mine.response = v.refuse(http.StatusInternalServerError, "error.failed")
			close(mine.done)
		}
	}()
	mine.response = take(v)
	finished = true
	close(mine.done)
	p.send(w, v.Request, mine.response)
}

// maxForm bounds a form, in bytes.
const maxForm = 16 << 10

// admit reads a form and refuses one that is not ours, or that came too early.
func (p *Pages) admit(w http.ResponseWriter, r *http.Request) (*visit, *response) {
	v, err := p.visit(w, r)
	if err != nil {
		http.Error(w, "Something went wrong here. Try again.", http.StatusInternalServerError)
		p.log.ErrorContext(r.Context(), "form not taken", "path", r.URL.Path, "cause", err)
		return nil, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		refusal := v.refuse(http.StatusBadRequest, "error.failed")
		return v, &refusal
	}
	switch err := p.forms.check(r.PostFormValue("form"), v.visitor, v.here()); {
	case errors.Is(err, errEarly):
		p.log.InfoContext(r.Context(), "form refused", "path", r.URL.Path, "cause", err)
		refusal := v.refuse(http.StatusTooEarly, "error.early")
		return v, &refusal
	case err != nil:
		p.log.InfoContext(r.Context(), "form refused", "path", r.URL.Path, "cause", err)
		refusal := v.refuse(http.StatusForbidden, "error.stale")
		return v, &refusal
	}
	return v, nil
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request, answer response) {
	if answer.language != nil {
		setCookie(w, r, languageCookie, *answer.language)
	}
	if answer.visitor != "" {
		setCookie(w, r, visitCookie, answer.visitor)
	}
	if answer.location != "" {
		seeOther(w, answer.location)
		return
	}
	if answer.refresh != "" {
		w.Header().Set("Refresh", "0; url="+answer.refresh)
	}
	var page strings.Builder
	if err := answer.page.Render(&page); err != nil {
		p.log.ErrorContext(r.Context(), "page not made", "path", r.URL.Path, "cause", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(max(answer.status, http.StatusOK))
	_, _ = w.Write([]byte(page.String())) // the browser may be gone
}

// seeOther leads on by a relative reference (RFC 9110 section 10.2.2), which
// holds wherever the pages are served. The form is not sent along.
func seeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "style.css", time.Time{}, strings.NewReader(style))
}
