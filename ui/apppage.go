package ui

import (
	"net/http"
	"slices"

	g "maragu.dev/gomponents"
)

// permission is the one that the page is about, if the visitor may see it.
func (v *visit) permission() (Permission, Account, *response) {
	accounts, permissions, err := v.visible(v.Context())
	if err != nil {
		failure := v.failed(err)
		return Permission{}, Account{}, &failure
	}
	id := v.URL.Query().Get("id")
	i := slices.IndexFunc(permissions, func(p Permission) bool { return p.ID == id })
	if i < 0 {
		missing := v.refuse(http.StatusNotFound, "error.missing")
		return Permission{}, Account{}, &missing
	}
	p := permissions[i]
	j := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == p.AccountID })
	return p, accounts[j], nil
}

func showApp(v *visit) response {
	p, a, missing := v.permission()
	if missing != nil {
		return *missing
	}
	name := displayable(p.Client)
	identity := g.Node(el("bdi", g.Text(displayable(p.Identity))))
	if p.Identity == "" {
		identity = v.t("consent.details.none")
	}
	return v.document(http.StatusOK, sheet{
		title:   name,
		heading: g.Group{avatar("app large", name, p.ClientID), el("span", el("bdi", g.Text(name)))},
		within:  "apps",
		back:    "apps",
		content: []g.Node{
			el("p", at("class", "hint"), v.t("apps.of", "name", a.Called()), g.Text(" · "), v.used(p)),
			el("h2", v.t("apps.can")),
			el("ul", at("class", "plain"), g.Map(p.Scopes, func(s Scope) g.Node {
				return el("li", icon("check"), el("bdi", g.Text(s.Label(v.language))))
			})),
			el("dl",
				el("dt", v.t("consent.details.id")), el("dd", el("bdi", g.Text(displayable(p.ClientID)))),
				el("dt", v.t("apps.identity")), el("dd", identity),
			),
			el("p", at("class", "hint"), v.t("apps.since", "date", v.language.date(p.CreatedAt))),
			el("p", v.t("apps.revoke.text", "app", name)),
			v.form("app?"+query("id", p.ID), button("danger", v.t("apps.revoke"))),
			el("p", el("a", at("href", "activity?"+query("client", p.ClientID)), v.t("nav.activity"))),
		},
	})
}

func revokeOne(v *visit) response {
	p, _, missing := v.permission()
	if missing != nil {
		return *missing
	}
	if err := v.pages.authority.Revoke(v.Context(), p.ID); err != nil {
		return v.failed(err)
	}
	v.say(v.language.text("apps.revoked", "app", displayable(p.Client)))
	return goTo("apps")
}
