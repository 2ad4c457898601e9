package ui

import (
	"crypto/rand"
	"net/http"
	"time"
)

const (
	visitCookie    = "offlineauth-visit"
	languageCookie = "offlineauth-language"

	maxVisits = 64
	visitLife = 8 * time.Hour
	openFor   = 5 * time.Minute // at least, before a PIN is asked for again to look at something
)

// A visit is one request of a person, and what is known of them.
type visit struct {
	*http.Request
	pages       *Pages
	visitor     string // random, in a cookie; "" until there is one
	language    Language
	preferences Preferences
	now         time.Time
}

type unlocked struct{ at time.Time }

func (p *Pages) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	preferences, err := p.authority.Preferences(r.Context())
	if err != nil {
		return nil, err
	}
	v := &visit{Request: r, pages: p, preferences: preferences, now: time.Now()}
	v.language = v.chooseLanguage(w)
	w.Header().Set("Content-Language", v.language.Code())
	if cookie, err := r.Cookie(visitCookie); err == nil && len(cookie.Value) == len(rand.Text()) {
		v.visitor = cookie.Value
	} else if r.Method == http.MethodGet {
		v.visitor = rand.Text()
		setCookie(w, r, visitCookie, v.visitor)
	}
	return v, nil
}

// setCookie sets one for the folder that the page is in, wherever the pages are
// served: other servers on the same loopback address get none.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}

// chooseLanguage is the one just chosen, the one chosen earlier, that of the
// settings, or what the browser asks for.
func (v *visit) chooseLanguage(w http.ResponseWriter) Language {
	if l, known := LanguageOf(v.URL.Query().Get("lang")); known {
		setCookie(w, v.Request, languageCookie, l.Code())
		return l
	}
	if cookie, err := v.Cookie(languageCookie); err == nil {
		if l, known := LanguageOf(cookie.Value); known {
			return l
		}
	}
	if l, known := LanguageOf(v.preferences.Language); known {
		return l
	}
	return MatchLanguage(v.Header.Get("Accept-Language"))
}

// unlock remembers that the visitor has proved to be the one of the account.
func (v *visit) unlock(accountID string) time.Time {
	at := time.Now()
	v.pages.unlocked.keep(v.visitor+" "+accountID, unlocked{at})
	return at
}

// provedAt says when the visitor last proved to be the one of the account, if
// that is still worth something for a decision.
func (v *visit) provedAt(accountID string) (time.Time, bool) {
	return v.provedWithin(accountID, v.preferences.Session)
}

// mayLook reports whether to show what the account has allowed.
func (v *visit) mayLook(a Account) bool {
	if !a.HasPIN {
		return true
	}
	_, proved := v.provedWithin(a.ID, max(v.preferences.Session, openFor))
	return proved
}

func (v *visit) provedWithin(accountID string, session time.Duration) (time.Time, bool) {
	u, known := v.pages.unlocked.get(v.visitor + " " + accountID)
	return u.at, known && v.visitor != "" && v.now.Sub(u.at) < session
}

// say remembers a sentence for the next page that the visitor sees.
func (v *visit) say(text string) { v.pages.said.keep(v.visitor, text) }
