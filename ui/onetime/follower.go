package onetime

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// last is the page after a redirect that was launched by another way.
const last = "/launched"

// follower looks at what the pages answer. It keeps the browser from following a redirect that was launched already:
// it would launch it a second time, or ask whether it may.
type follower struct {
	http.ResponseWriter
	launched func(uri string) bool
	speaks   func(code string) // is told the language of a page
}

func (f *follower) WriteHeader(status int) {
	h := f.Header()
	if code := h.Get("Content-Language"); code != "" {
		f.speaks(code)
	}
	if f.done(h.Get("Location")) {
		h.Set("Location", last)
	}
	if _, uri, ok := strings.Cut(h.Get("Refresh"), "url="); ok && f.done(uri) {
		h.Del("Refresh")
	}
	f.ResponseWriter.WriteHeader(status)
}

func (f *follower) done(uri string) bool { return uri != "" && f.launched != nil && f.launched(uri) }

// Unwrap is for http.ResponseController.
func (f *follower) Unwrap() http.ResponseWriter { return f.ResponseWriter }
