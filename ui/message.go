package ui

import (
	"net/http"

	g "maragu.dev/gomponents"
)

// A Message is a page of one sentence, for those who serve the pages to a browser.
type Message string

// The messages, by the beginning of their keys in the catalogues.
const (
	MessageUsedTwice    Message = "visit.twice"    // the one-time address of the pages
	MessageOtherBrowser Message = "visit.other"    // asks than the one they are for
	MessageLaunched     Message = "visit.launched" // the redirect, by another way than the browser's
)

// Write answers a request with the page, in a language.
func (m Message) Write(w http.ResponseWriter, r *http.Request, status int, l Language) {
	protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		title := l.text(string(m) + ".title")
		page := el("html", at("lang", l.Code()), at("dir", l.Direction()),
			el("head",
				el("meta", at("charset", "utf-8")),
				el("meta", at("name", "viewport"), at("content", "width=device-width, initial-scale=1")),
				el("meta", at("name", "color-scheme"), at("content", "light dark")),
				el("title", g.Text(title)),
				el("link", at("rel", "stylesheet"), at("href", "/style.css")),
			),
			el("body", el("main", el("h1", g.Text(title)), el("p", g.Text(l.text(string(m)+".text"))))),
		)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Language", l.Code())
		w.WriteHeader(status)
		g.Group{g.Raw("<!doctype html>"), page}.Render(w)
	})).ServeHTTP(w, r)
}
