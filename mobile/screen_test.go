package mobile

import (
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	formAction = regexp.MustCompile(`<form method="get" action="([^"]+)"`)
	formMark   = regexp.MustCompile(`name="form" value="([^"]+)"`)
)

// send sends the first form of a page as a web view does.
func (p *phone) sendForm(screen *Screen, page *Page, fields url.Values) *Page {
	p.Helper()
	body := string(page.Body())
	action, mark := formAction.FindStringSubmatch(body), formMark.FindStringSubmatch(body)
	if action == nil || mark == nil {
		p.Fatalf("no form: %s", body)
	}
	fields.Set("form", html.UnescapeString(mark[1]))
	return screen.Load(action[1] + "?" + fields.Encode())
}

// TestConsentOnAScreen: the person decides on a page of the web view, and the
// redirect is launched at the app.
func TestConsentOnAScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhone(t)
		account := p.list(p.Accounts())[0]["id"].(string)
		p.must(p.SetPIN(account, "", "4071"))
		request, err := p.Begin(goodLink)
		p.must(err)
		screen := p.Screen("fr-CA, fr, en")
		page := screen.Load("consent?id=" + url.QueryEscape(request.ID))
		if page.Status != 200 || page.Type != "text/html; charset=utf-8" || !strings.Contains(page.Policy, "default-src 'none'") || !strings.Contains(string(page.Body()), `lang="fr"`) {
			t.Fatalf("%+v %s", page, page.Body())
		}
		if style := screen.Load("style.css"); style.Status != 200 || !strings.HasPrefix(style.Type, "text/css") {
			t.Errorf("style %+v", style)
		}
		time.Sleep(time.Second) // the person reads
		choice := url.Values{"decision": {"accept"}, "account": {account}, "scope": {"notes"}, "pin-" + account: {"4072"}}
		if page = p.sendForm(screen, page, choice); page.Status != 422 || p.uri != "" {
			t.Fatalf("a wrong PIN: %+v, launched %q", page, p.uri)
		}
		time.Sleep(time.Second)
		choice.Set("pin-"+account, "4071")
		if page = p.sendForm(screen, page, choice); page.Status != 200 || page.Path != "done" {
			t.Fatalf("%+v %s", page, page.Body())
		}
		if !strings.HasPrefix(p.uri, "com.example.maths:/done?code=") || p.app != identity {
			t.Errorf("launched %q at %q", p.uri, p.app)
		}
		if page = screen.Load("consent?id=" + url.QueryEscape(request.ID)); page.Status != 409 {
			t.Errorf("decided twice? %+v", page)
		}
		p.must(p.App.Close()) // in the bubble
	})
}

// TestARedirectThatCannotBeLaunched: the page does not say that all is well.
func TestARedirectThatCannotBeLaunched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhone(t)
		request, err := p.Begin(goodLink)
		p.must(err)
		p.broken = errors.New("its certificate is another one now")
		screen := p.Screen("")
		page := screen.Load("consent?id=" + url.QueryEscape(request.ID))
		time.Sleep(time.Second)
		page = p.sendForm(screen, page, url.Values{"decision": {"deny"}})
		if page.Status != 500 || page.Path == "done" {
			t.Errorf("%+v %s", page, page.Body())
		}
		p.must(p.App.Close())
	})
}

func TestAScreenShowsOnlyItsPages(t *testing.T) {
	p := newPhone(t)
	for _, target := range []string{"token", "https://auth.example/token", "com.example.maths:/done", "../offlineauth.db", ".well-known/openid-configuration"} {
		if page := p.Screen("").Load(target); page.Status != 404 {
			t.Errorf("%s: %+v", target, page)
		}
	}
}

// TestAnAppThatChangedItsCertificate is known by the one it is registered with, or
// by the one that its logins are for.
func TestAnAppThatChangedItsCertificate(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	renewed := "android:com.example.maths#" + strings.Repeat("c3", 32)
	p.send(get("/userinfo", token), &Caller{UID: 10012, PID: -1, Identity: renewed}, "401")
	p.send(get("/userinfo", token), &Caller{UID: 10012, PID: -1, Identity: renewed + " " + identity}, "200")
	p.send(get("/userinfo", token), &Caller{UID: 10013, PID: -1, Identity: renewed + " android:com.example.thief#00"}, "401")
}
