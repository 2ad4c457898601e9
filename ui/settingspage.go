package ui

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	g "maragu.dev/gomponents"
)

// sessions are the choices of how long a PIN need not be entered again.
var sessions = []time.Duration{0, 5 * time.Minute, 15 * time.Minute, time.Hour, 8 * time.Hour}

func (v *visit) sessionLabel(d time.Duration) g.Node {
	switch {
	case d == 0:
		return v.t("settings.session.always")
	case d < time.Hour:
		return g.Text(v.language.count("settings.session.minutes", int(d/time.Minute)))
	}
	return g.Text(v.language.count("settings.session.hours", int(d/time.Hour)))
}

func showSettings(v *visit) response {
	return v.document(http.StatusOK, sheet{
		title:  v.language.text("settings.title"),
		within: "settings",
		content: []g.Node{
			v.form("settings",
				el("div", at("class", "field"),
					el("label", at("for", "language"), v.t("settings.language")),
					el("select", at("id", "language"), at("name", "language"),
						el("option", at("value", ""), v.t("settings.language.auto")),
						g.Map(Languages(), func(l Language) g.Node {
							return el("option", at("value", l.Code()), at("lang", l.Code()), g.If(l.Code() == v.preferences.Language, at("selected")), g.Text(l.Name()))
						}),
					),
				),
				el("div", at("class", "field"),
					el("label", at("for", "session"), v.t("settings.session")),
					el("p", at("class", "hint"), at("id", "session-hint"), v.t("settings.session.text")),
					el("select", at("id", "session"), at("name", "session"), at("aria-describedby", "session-hint"),
						g.Map(sessions, func(d time.Duration) g.Node {
							return el("option", at("value", strconv.Itoa(int(d/time.Second))), g.If(d == v.preferences.Session, at("selected")), v.sessionLabel(d))
						}),
					),
				),
				button("main", v.t("save")),
			),
			v.backupForm(),
			el("h2", v.t("settings.about")),
			el("p", v.t("settings.issuer", "issuer", host(v.pages.authority.Issuer()))),
		},
	})
}

func (v *visit) backupForm() g.Node {
	return g.Group{
		el("h2", v.t("settings.backup")),
		el("p", v.t("settings.backup.text")),
		el("p", at("class", "hint"), v.t("settings.backup.here")),
		v.form("backup", button("", v.t("settings.backup.save"))),
	}
}

func takeSettings(v *visit) response {
	seconds, err := strconv.Atoi(v.PostFormValue("session"))
	session := time.Duration(seconds) * time.Second
	code := v.PostFormValue("language")
	l, known := LanguageOf(code)
	if err != nil || !slices.Contains(sessions, session) || code != "" && !known {
		return v.refuse(http.StatusBadRequest, "error.missing")
	}
	if err := v.pages.authority.SetPreferences(v.Context(), Preferences{Language: code, Session: session}); err != nil {
		return v.failed(err)
	}
	if !known {
		l = MatchLanguage(v.Header.Get("Accept-Language"))
	}
	v.say(l.text("settings.saved"))
	done := goTo("settings")
	done.language = &code
	return done
}

// backup sends a copy, which is not a page.
func (p *Pages) backup(w http.ResponseWriter, r *http.Request) {
	v, refusal := p.admit(w, r)
	switch {
	case v == nil:
		return
	case refusal != nil:
		p.send(w, r, *refusal)
		return
	}
	p.download(w, v)
}

func (p *Pages) download(w http.ResponseWriter, v *visit) {
	started := false
	err := p.authority.Backup(v.Context(), writerFunc(func(b []byte) (int, error) {
		if !started {
			started = true
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", `attachment; filename="offlineauth-`+v.now.Format("2006-01-02")+`.backup"`)
		}
		return w.Write(b)
	}))
	switch {
	case err != nil && !started:
		p.send(w, v.Request, v.failed(err))
	case err != nil:
		p.log.ErrorContext(v.Context(), "backup not sent whole", "cause", err)
		panic(http.ErrAbortHandler) // so that the browser does not take it for whole
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
