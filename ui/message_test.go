package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMessages(t *testing.T) {
	for _, l := range Languages() {
		for _, m := range []Message{MessageUsedTwice, MessageOtherBrowser, MessageLaunched} {
			w := httptest.NewRecorder()
			m.Write(w, httptest.NewRequest("GET", "/", nil), http.StatusGone, l)
			page := w.Body.String()
			for _, want := range []string{
				`<html lang="` + l.Code() + `" dir="` + l.Direction() + `">`, "<h1>" + l.text(string(m)+".title") + "</h1>", l.text(string(m) + ".text"),
			} {
				if !strings.Contains(page, want) {
					t.Errorf("%s, %s: no %q in %s", l.Code(), m, want, page)
				}
			}
			if h := w.Header(); w.Code != http.StatusGone || h.Get("Content-Language") != l.Code() || h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s, %s: %d %v", l.Code(), m, w.Code, h)
			}
		}
	}
}

// TestContentLanguage: who serves the pages learns what the visitor speaks.
func TestContentLanguage(t *testing.T) {
	d := newDesk()
	d.preferences.Language = "ar"
	w := httptest.NewRecorder()
	NewPages(d, nil).ServeHTTP(w, httptest.NewRequest("GET", "/settings", nil))
	if got := w.Header().Get("Content-Language"); got != "ar" {
		t.Errorf("%d %q", w.Code, got)
	}
}
