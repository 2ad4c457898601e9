package webview

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// guestbook is a handler as the pages are: a form that leads on, and a cookie.
func guestbook() http.Handler {
	var last string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /book", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "visit", Value: "v1", HttpOnly: true})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprintf(w, `<p>%s, %s</p><form method="post" action="book?id=1&amp;page=2"><input name="name"></form><form method="post" action="away">`, last, r.Header.Get("Accept-Language"))
	})
	mux.HandleFunc("POST /book", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("visit")
		if err != nil || cookie.Value != "v1" || r.URL.RawQuery != "id=1&page=2" || r.Header.Get("Origin") != "" {
			http.Error(w, "not of this visitor", http.StatusForbidden)
			return
		}
		last = r.PostFormValue("name")
		w.Header().Set("Location", "book?id=1")
		w.WriteHeader(http.StatusSeeOther)
	})
	mux.HandleFunc("POST /away", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(http.StatusSeeOther)
	})
	mux.HandleFunc("GET /round", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "round")
		w.WriteHeader(http.StatusSeeOther)
	})
	return mux
}

// action is where the n-th form of a page is sent.
func action(t *testing.T, page Page, n int) string {
	t.Helper()
	parts := strings.Split(string(page.Body), `<form method="get" action="`)
	if len(parts) <= n+1 {
		t.Fatalf("no form %d: %s", n, page.Body)
	}
	action, _, _ := strings.Cut(parts[n+1], `"`)
	return action
}

func TestFormsAreSentByGet(t *testing.T) {
	v := New(guestbook(), "fr")
	page := v.Load(t.Context(), "book?id=1&page=2")
	if page.Status != 200 || page.Policy != "default-src 'none'" || page.Type != "text/html; charset=utf-8" || strings.Contains(string(page.Body), "post") {
		t.Fatalf("page %+v", page)
	}
	page = v.Load(t.Context(), action(t, page, 0)+"?name=Amina+%26+Karim")
	if page.Status != 200 || page.Path != "book" || !strings.Contains(string(page.Body), "<p>Amina & Karim, fr</p>") {
		t.Errorf("page %+v, %s", page, page.Body)
	}
	if page := New(guestbook(), "").Load(t.Context(), action(t, page, 0)+"?name=Thief"); page.Status != http.StatusForbidden {
		t.Errorf("a form of another visitor: %+v", page)
	}
}

func TestAViewStaysAtHome(t *testing.T) {
	v := New(guestbook(), "")
	for _, target := range []string{"https://elsewhere.example/book", "//elsewhere.example/book", "mailto:a@b", "~" + "aHR0cHM6Ly9lbHNld2hlcmUuZXhhbXBsZS8", "~!", "%zz"} {
		if page := v.Load(t.Context(), target); page.Status != http.StatusNotFound {
			t.Errorf("%s: %+v", target, page)
		}
	}
	page := v.Load(t.Context(), "book")
	if page = v.Load(t.Context(), action(t, page, 1)); page.Status != http.StatusSeeOther {
		t.Errorf("it followed to another origin: %+v", page)
	}
	if page = v.Load(t.Context(), "round"); page.Status != http.StatusSeeOther {
		t.Errorf("it went round in circles: %+v", page)
	}
}
