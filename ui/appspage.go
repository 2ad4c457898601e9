package ui

import (
	"context"
	"net/http"
	"slices"

	g "maragu.dev/gomponents"
)

// visible are the accounts, and what those of them have allowed that the visitor
// may see, by the account that the page is narrowed to.
func (v *visit) visible(ctx context.Context) (accounts []Account, permissions []Permission, err error) {
	if accounts, err = v.pages.authority.Accounts(ctx); err != nil {
		return nil, nil, err
	}
	all, err := v.pages.authority.Permissions(ctx)
	if err != nil {
		return nil, nil, err
	}
	only := v.URL.Query().Get("account")
	for _, p := range all {
		i := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == p.AccountID })
		if i >= 0 && v.mayLook(accounts[i]) && (only == "" || only == p.AccountID) {
			permissions = append(permissions, p)
		}
	}
	return accounts, permissions, nil
}

func showApps(v *visit) response { return v.apps(http.StatusOK, "") }

func (v *visit) apps(status int, wrong string) response {
	accounts, permissions, err := v.visible(v.Context())
	if err != nil {
		return v.failed(err)
	}
	names := map[string]Account{}
	for _, a := range accounts {
		names[a.ID] = a
	}
	return v.document(status, sheet{
		title:  v.language.text("apps.title"),
		within: "apps",
		wrong:  wrong,
		content: []g.Node{
			v.narrow(accounts),
			g.If(len(permissions) == 0, el("p", at("class", "empty"), v.t("apps.none"))),
			el("ul", at("class", "cards"), g.Map(permissions, func(p Permission) g.Node { return el("li", v.appCard(p, names[p.AccountID])) })),
			v.unlockLinks(accounts),
			g.If(len(permissions) > 1, el("details",
				el("summary", v.t("apps.all")),
				el("p", v.t("apps.all.text")),
				v.form(v.here(), sure("all-sure", v.t("apps.all.sure")), button("danger", v.t("apps.all"))),
			)),
		},
	})
}

// narrow chooses whose apps are listed, if there is a choice.
func (v *visit) narrow(accounts []Account) g.Node {
	if len(accounts) < 2 {
		return nil
	}
	only := v.URL.Query().Get("account")
	return el("form", at("class", "filter"), at("method", "get"), at("action", "apps"),
		v.selectAccount(accounts, only),
		button("", v.t("activity.filter")),
	)
}

func (v *visit) selectAccount(accounts []Account, only string) g.Node {
	return el("div", at("class", "field"),
		el("label", at("for", "account"), v.t("activity.person")),
		el("select", at("id", "account"), at("name", "account"),
			el("option", at("value", ""), v.t("apps.everybody")),
			g.Map(accounts, func(a Account) g.Node {
				return el("option", at("value", a.ID), g.If(a.ID == only, at("selected")), g.Text(a.Label()))
			}),
		),
	)
}

func (v *visit) appCard(p Permission, a Account) g.Node {
	return el("a", at("class", "card"), at("href", "app?"+query("id", p.ID)),
		avatar("app", displayable(p.Client), p.ClientID),
		el("span", at("class", "names"),
			el("bdi", g.Text(displayable(p.Client))),
			el("small", v.t("apps.of", "name", a.Called()), g.Text(" · "), v.used(p)),
		),
		g.If(p.Identity != "", el("span", at("class", "mark good"), icon("shield"), el("span", at("class", "unseen"), v.t("trust.confirmed.head")))),
	)
}

func (v *visit) used(p Permission) g.Node {
	if p.LastUsedAt.IsZero() {
		return v.t("apps.unused")
	}
	return v.t("apps.used", "when", v.language.ago(p.LastUsedAt, v.now))
}

// revokeAll takes back what the list shows.
func revokeAll(v *visit) response {
	if v.PostFormValue("sure") == "" {
		return v.apps(http.StatusUnprocessableEntity, v.language.text("account.unsure"))
	}
	_, permissions, err := v.visible(v.Context())
	if err != nil {
		return v.failed(err)
	}
	var ids []string
	for _, p := range permissions {
		ids = append(ids, p.ID)
	}
	if err := v.pages.authority.Revoke(v.Context(), ids...); err != nil {
		return v.failed(err)
	}
	v.say(v.language.text("apps.all.done"))
	return goTo(v.here())
}
