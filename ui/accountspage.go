package ui

import (
	"net/http"

	g "maragu.dev/gomponents"
)

func showAccounts(v *visit) response { return v.accounts(http.StatusOK, "", "", "") }

func (v *visit) accounts(status int, wrong, username, name string) response {
	accounts, err := v.pages.authority.Accounts(v.Context())
	if err != nil {
		return v.failed(err)
	}
	permissions, err := v.pages.authority.Permissions(v.Context())
	if err != nil {
		return v.failed(err)
	}
	apps := map[string]int{}
	for _, p := range permissions {
		apps[p.AccountID]++
	}
	return v.document(status, sheet{
		title:  v.language.text("accounts.title"),
		within: "accounts",
		wrong:  wrong,
		content: []g.Node{
			el("ul", at("class", "cards"), g.Map(accounts, func(a Account) g.Node { return el("li", v.accountCard(a, apps[a.ID])) })),
			el("h2", v.t("accounts.add")),
			v.form("accounts",
				field("name", v.t("accounts.name"), nil, at("name", "name"), at("value", name), at("autocomplete", "off"), at("maxlength", "100"), at("required")),
				field("username", v.t("accounts.username"), v.t("accounts.username.hint"), at("name", "username"), at("value", username), at("autocomplete", "off"), at("maxlength", "100"), at("autocapitalize", "none")),
				button("main", v.t("accounts.add")),
			),
		},
	})
}

func (v *visit) accountCard(a Account, apps int) g.Node {
	return el("a", at("class", "card"), at("href", "account?"+query("id", a.ID)),
		avatar("", a.Called(), a.ID),
		el("span", at("class", "names"),
			el("bdi", g.Text(a.Called())),
			el("small", el("bdi", g.Text(displayable(a.Username))), g.If(v.mayLook(a), g.Group{g.Text(" · "), g.Text(v.language.count("account.apps", apps))})),
		),
		g.If(a.HasPIN, el("span", at("class", "mark"), icon("lock"), el("span", at("class", "unseen"), v.t("pin.has")))),
	)
}

func takeAccount(v *visit) response {
	username, name := v.PostFormValue("username"), v.PostFormValue("name")
	_, wrong, err := v.addAccount(username, name)
	switch {
	case err != nil:
		return v.failed(err)
	case wrong != "":
		return v.accounts(http.StatusUnprocessableEntity, wrong, username, name)
	}
	return goTo("accounts")
}

// chosen is the account that the page is about.
func (v *visit) chosen() (Account, *response) {
	accounts, err := v.pages.authority.Accounts(v.Context())
	if err != nil {
		failure := v.failed(err)
		return Account{}, &failure
	}
	id := v.URL.Query().Get("id")
	for _, a := range accounts {
		if a.ID == id {
			return a, nil
		}
	}
	missing := v.refuse(http.StatusNotFound, "error.missing")
	return Account{}, &missing
}
