package ui

import (
	"net/http"
	"slices"
	"time"

	g "maragu.dev/gomponents"
)

func showConsent(v *visit) response {
	c, other := v.asked(v.URL.Query().Get("id"))
	if other != nil {
		return *other
	}
	return v.consent(http.StatusOK, c, v.fresh(c), "")
}

// A choice is what the form of a consent says, to be shown again as it was.
type choice struct {
	account string
	scopes  []string
}

// fresh is the choice that is offered: everything, for the account that the app
// expects or that there is.
func (v *visit) fresh(c Consent) choice {
	var offered choice
	if !c.SelectAccount {
		offered.account = c.Preferred().ID
	}
	for _, s := range c.Scopes {
		offered.scopes = append(offered.scopes, s.Name)
	}
	return offered
}

func (v *visit) consent(status int, c Consent, offered choice, wrong string) response {
	c = c.In(v.language)
	content := []g.Node{v.trust(c)}
	if len(c.Accounts) == 0 {
		content = append(content, v.firstOnConsent(c))
	} else {
		content = append(content, v.form("consent?"+query("id", c.ID),
			v.chooseAccount(c, offered),
			v.chooseScopes(c, offered),
			g.If(len(c.Resources) > 0, el("p", v.t("consent.reach", "resources", c.language.list(c.resources())))),
			el("p", at("class", "next"), v.t("consent.next", "app", c.Who())),
			el("div", at("class", "choice"),
				button("", v.t("consent.deny"), at("name", "decision"), at("value", "deny"), at("formnovalidate")),
				button("", v.t("consent.accept"), at("name", "decision"), at("value", "accept")),
			),
		))
	}
	content = append(content, v.consentDetails(c))
	return v.document(status, sheet{
		title: c.Title(),
		heading: g.Group{
			avatar("app large", c.Who(), c.ClientID),
			el("span", v.t("consent.title", "app", c.Who())),
		},
		wrong:   wrong,
		content: content,
	})
}

func (v *visit) trust(c Consent) g.Node {
	class, head, picture := "trust unattested", "trust.unknown.head", "unknown"
	key, args := c.trust()
	if key == "trust.confirmed" {
		class, head, picture = "trust attested", "trust.confirmed.head", "shield"
	}
	return el("div", at("class", class), icon(picture),
		el("div",
			el("p", el("strong", v.t(head))),
			el("p", v.t(key, args...)),
			g.If(c.New, el("p", v.t("consent.new"))),
		),
	)
}

func (v *visit) chooseAccount(c Consent, offered choice) g.Node {
	return el("fieldset", at("class", "accounts"),
		el("legend", v.t("consent.as")),
		g.Map(c.Accounts, func(a Account) g.Node {
			return el("div", at("class", "person"),
				el("label", at("class", "option"),
					el("input", at("type", "radio"), at("name", "account"), at("value", a.ID), at("required"), g.If(a.ID == offered.account, at("checked"))),
					avatar("", a.Called(), a.ID),
					el("span", at("class", "names"), el("bdi", g.Text(a.Called())), g.If(a.Called() != displayable(a.Username), el("small", el("bdi", g.Text(displayable(a.Username)))))),
				),
				v.askPIN(c, a),
			)
		}),
	)
}

// askPIN is beneath its account, and shown when that is chosen.
func (v *visit) askPIN(c Consent, a Account) g.Node {
	if _, proved := v.provedFor(c, a); proved || !a.HasPIN {
		return nil
	}
	return el("div", at("class", "pin"), secretField("pin-"+a.ID, v.t("pin.for", "name", a.Called()), PIN, "off"))
}

// provedFor says when the visitor proved to be the one of the account, if that is
// recent enough for the request.
func (v *visit) provedFor(c Consent, a Account) (time.Time, bool) {
	at, proved := v.provedAt(a.ID)
	return at, proved && !at.Before(c.AuthAfter)
}

// groups puts scopes under headings, in this order.
var groups = []string{"group.you", "group.data", "group.stay"}

func groupOf(scope string) string {
	switch scope {
	case "openid", "profile", "email", "phone", "address":
		return "group.you"
	case "offline_access":
		return "group.stay"
	}
	return "group.data"
}

func (v *visit) chooseScopes(c Consent, offered choice) g.Node {
	optional := slices.ContainsFunc(c.Scopes, func(s Scope) bool { return !s.Required })
	return el("fieldset", at("class", "scopes"), g.If(optional, at("aria-describedby", "optional")),
		el("legend", v.t("consent.asks")),
		g.If(optional, el("p", at("class", "hint"), at("id", "optional"), v.t("consent.optional"))),
		g.Map(groups, func(group string) g.Node { return v.scopesOf(c, offered, group) }),
	)
}

func (v *visit) scopesOf(c Consent, offered choice, group string) g.Node {
	var items g.Group
	for _, s := range c.Scopes {
		if groupOf(s.Name) == group {
			items = append(items, el("li", v.scope(c, offered, s)))
		}
	}
	if len(items) == 0 {
		return nil
	}
	return el("div", el("h2", v.t(group)), el("ul", items))
}

func (v *visit) scope(c Consent, offered choice, s Scope) g.Node {
	label := el("bdi", g.Text(s.Label(v.language)))
	if s.Required {
		return el("div", at("class", "option fixed"), icon("check"), el("span", label, el("small", v.t("consent.required"))))
	}
	account, _ := c.account(offered.account)
	return el("label", at("class", "option"),
		el("input", at("type", "checkbox"), at("name", "scope"), at("value", s.Name), g.If(slices.Contains(offered.scopes, s.Name), at("checked"))),
		el("span", label, g.If(slices.Contains(account.Granted, s.Name), el("small", v.t("consent.granted")))),
	)
}

// consentDetails are for who wants to know exactly.
func (v *visit) consentDetails(c Consent) g.Node {
	identity := g.Node(el("bdi", g.Text(displayable(c.Identity))))
	if c.Identity == "" {
		identity = v.t("consent.details.none")
	}
	return el("details",
		el("summary", v.t("consent.details")),
		el("dl",
			el("dt", v.t("consent.details.app")), el("dd", identity),
			el("dt", v.t("consent.details.id")), el("dd", el("bdi", g.Text(displayable(c.ClientID)))),
			el("dt", v.t("consent.details.return")), el("dd", el("bdi", g.Text(displayable(c.ReturnTo)))),
		),
	)
}

// firstOnConsent makes the first account, and comes back here.
func (v *visit) firstOnConsent(c Consent) g.Node {
	return g.Group{
		v.form("welcome",
			el("p", v.t("consent.nobody")),
			el("input", at("type", "hidden"), at("name", "request"), at("value", c.ID)),
			field("name", v.t("welcome.name"), v.t("welcome.privacy"), at("name", "name"), at("autocomplete", "name"), at("maxlength", "100"), at("required")),
			button("main", v.t("welcome.start")),
		),
		v.form("consent?"+query("id", c.ID), button("", v.t("consent.deny"), at("name", "decision"), at("value", "deny"))),
	}
}

// takeDecision carries a decision out, and remembers the answer for the page
// that comes after it.
func takeDecision(v *visit) response {
	id := v.URL.Query().Get("id")
	c, other := v.asked(id)
	if other != nil {
		return *other
	}
	chosen := choice{account: v.PostFormValue("account"), scopes: v.PostForm["scope"]}
	d := Decision{AccountID: chosen.account}
	switch v.PostFormValue("decision") {
	case "deny":
	case "accept":
		var wrong string
		if d, wrong = v.accept(c.In(v.language), chosen); wrong != "" {
			return v.consent(http.StatusUnprocessableEntity, c, chosen, wrong)
		}
	default:
		return v.consent(http.StatusUnprocessableEntity, c, chosen, v.language.text("error.choice"))
	}
	redirect, err := v.pages.authority.Decide(v.Context(), id, v.authenticated(d))
	if err != nil {
		return v.failed(err)
	}
	mark := v.PostFormValue("form")
	v.pages.decided.keep(mark, decided{visitor: v.visitor, redirect: redirect, client: c, accepted: d.Accept})
	return goTo("done?" + query("form", mark))
}

// accept is the decision to accept, or what is wrong with it.
func (v *visit) accept(c Consent, chosen choice) (d Decision, wrong string) {
	account, there := c.account(chosen.account)
	if !there {
		return d, v.language.text("error.choice")
	}
	d = Decision{Accept: true, AccountID: account.ID, Scopes: c.allowed(chosen.scopes)}
	if len(d.Scopes) == 0 && len(c.Scopes) > 0 {
		return d, v.language.text("consent.nothing")
	}
	if !account.HasPIN {
		return d, ""
	}
	at, proved := v.provedFor(c, account)
	if !proved {
		pin := v.PostFormValue("pin-" + account.ID)
		if pin == "" && !c.AuthAfter.IsZero() {
			return d, v.language.text("pin.again", "app", c.Who())
		}
		if wrong := v.prove(account, PIN, pin); wrong != "" {
			return d, wrong
		}
		at = v.unlock(account.ID)
	}
	d.AuthTime = at
	return d, ""
}

// prove says what is wrong with a PIN or password, or "".
func (v *visit) prove(a Account, kind Secret, secret string) (wrong string) {
	if secret == "" {
		return v.language.text("pin.missing", "name", a.Called())
	}
	if err := v.pages.authority.Prove(v.Context(), a.ID, kind, secret); err != nil {
		return v.unproved(err, string(kind)+".wrong", "name", a.Called())
	}
	return ""
}

// decided is what came of a decision.
type decided struct {
	visitor  string
	redirect string
	client   Consent
	accepted bool
}

// showDone sends the browser on to the app, and says what happened in case it
// does not go. Loading it again decides nothing.
func showDone(v *visit) response {
	d, known := v.pages.decided.get(v.URL.Query().Get("form"))
	if !known || d.visitor != v.visitor {
		return v.failed(ErrDecided)
	}
	key, who := "done.denied", d.client.In(v.language).Who()
	if d.accepted {
		key = "done.accepted"
	}
	page := v.document(http.StatusOK, sheet{
		title:   v.language.text(key, "app", who),
		heading: g.Group{avatar("app large", who, d.client.ClientID), el("span", v.t(key, "app", who))},
		content: []g.Node{
			el("p", v.t(key+".text", "app", who)),
			el("p", el("a", at("class", "button main"), at("href", d.redirect), v.t("done.return", "app", who))),
		},
	})
	page.refresh = d.redirect
	return page
}
