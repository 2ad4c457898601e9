package ui

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEveryPageIsProtected(t *testing.T) {
	browse(t, func(b *browser, _ *desk) {
		for _, page := range []string{"consent?id=request-1", "consent?id=gone", "done?form=x", "welcome", "accounts", "account?id=1", "unlock?id=1", "apps", "app?id=g1", "activity", "settings", "nothing", "./"} {
			b.get(page)
			for header, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
				"Cache-Control":           "no-store",
				"Referrer-Policy":         "no-referrer",
				"X-Content-Type-Options":  "nosniff",
			} {
				if got := b.sent.Get(header); got != want {
					t.Errorf("%q: %s: %q", page, header, got)
				}
			}
			b.hides("<script", "style=", "onclick", "http://", "javascript:")
		}
	})
}

// TestPagesAreLight holds what a browser loads below 60 KB: the style and the
// heaviest page, and all that is embedded beside the texts.
func TestPagesAreLight(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		for range 25 {
			d.events = append(d.events, Event{Kind: "approved", AccountID: "1", ClientID: "maths", Client: "Maths", Time: time.Now()})
		}
		b.header.Set("Accept-Language", "ar")
		for _, page := range []string{"consent?id=request-1", "accounts", "account?id=1", "apps", "activity", "settings"} {
			b.get(page)
			if weight := len(b.page) + len(style); weight > 60<<10 {
				t.Errorf("%s weighs %d bytes", page, weight)
			} else {
				t.Logf("%s: %d bytes, with a style of %d", page, len(b.page), len(style))
			}
		}
	})
}

func TestAFormNeedsAPageOfOurs(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("consent?id=request-1")
		action, form := b.form("decision")
		time.Sleep(settling)

		stranger := newBrowser(t, b.pages)
		stranger.post(action, form, "decision", "accept", "account", "1")
		stranger.shows(http.StatusForbidden, "Nothing was changed")

		mark := form.Get("form")
		form.Set("form", "")
		b.post(action, form, "decision", "accept", "account", "1")
		b.shows(http.StatusForbidden, "Nothing was changed", `href="consent?id=request-1"`)
		form.Set("form", mark)

		b.header.Set("Origin", "https://evil.example")
		b.post(action, form)
		if b.status != http.StatusForbidden || len(d.decided) != 0 {
			t.Errorf("another site: status %d, decided %+v", b.status, d.decided)
		}
		b.header.Del("Origin")
		b.header.Set("Sec-Fetch-Site", "cross-site")
		b.post(action, form)
		if b.status != http.StatusForbidden || len(d.decided) != 0 {
			t.Errorf("another site: status %d, decided %+v", b.status, d.decided)
		}
		b.header.Del("Sec-Fetch-Site")
		time.Sleep(formLife)
		b.post(action, form)
		b.shows(http.StatusForbidden, "open for too long")
	})
}

func TestAnEndlessFormIsRefused(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("consent?id=request-1")
		b.submit("decision", "decision", "accept", "account", strings.Repeat("1", maxForm))
		b.shows(http.StatusBadRequest)
		if len(d.decided) != 0 {
			t.Errorf("decided %+v", d.decided)
		}
	})
}

func TestLanguageOfThePages(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.header.Set("Accept-Language", "ar-SY, en;q=0.5")
		b.get("apps")
		b.shows(http.StatusOK, `<html lang="ar" dir="rtl">`, "التطبيقات", `href="?lang=fr" lang="fr"`)
		d.preferences.Language = "es"
		b.get("apps")
		b.shows(http.StatusOK, `<html lang="es" dir="ltr">`)
		b.get("activity?account=1&lang=fr")
		b.shows(http.StatusOK, `<html lang="fr" dir="ltr">`, `lang=es`)
		b.get("apps") // remembered
		b.shows(http.StatusOK, `<html lang="fr" dir="ltr">`)
		b.get("apps?lang=tlh")
		b.shows(http.StatusOK, `<html lang="fr" dir="ltr">`)
	})
}

func TestPagesAreServedAnywhere(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		outer := http.NewServeMux()
		outer.Handle("/secret/", http.StripPrefix("/secret", b.pages.handler))
		b.pages.handler = outer
		b.get("/secret/consent/request-1")
		b.shows(http.StatusOK, `<link rel="stylesheet" href="style.css">`)
		if b.at.RequestURI() != "/secret/consent?id=request-1" {
			t.Errorf("led to %s", b.at)
		}
		for _, c := range b.jar.Cookies(b.at) {
			t.Logf("cookie %s", c.Name)
		}
		b.submit("decision", "decision", "accept", "account", "1", "scope", "profile")
		b.shows(http.StatusOK, "You are signed in to Maths")
		if root, _ := b.at.Parse("/"); len(b.jar.Cookies(root)) != 0 {
			t.Error("another server of the address gets the cookies")
		}
	})
}

func TestUnknownPages(t *testing.T) {
	browse(t, func(b *browser, _ *desk) {
		for _, page := range []string{"nothing", "apps/deeper", "account?id=nobody", "app?id=g9", "unlock?id=nobody"} {
			b.get("/" + page)
			b.shows(http.StatusNotFound, "There is nothing here.")
		}
		b.get("/apps/deeper/still")
		b.shows(http.StatusNotFound, `href="../../style.css"`, `href="../../apps"`)
		b.get("/style.css")
		if b.status != http.StatusOK || b.sent.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("the style: %d %s", b.status, b.sent.Get("Content-Type"))
		}
	})
}
