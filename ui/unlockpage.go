package ui

import (
	"net/http"

	g "maragu.dev/gomponents"
)

func showUnlock(v *visit) response {
	a, missing := v.chosen()
	if missing != nil {
		return *missing
	}
	return v.askToUnlock(http.StatusOK, a, "")
}

func (v *visit) askToUnlock(status int, a Account, wrong string) response {
	return v.document(status, sheet{
		title:   v.language.text("unlock.title", "name", a.Called()),
		heading: el("span", v.t("unlock.title", "name", a.Called())),
		within:  "apps",
		back:    "apps",
		wrong:   wrong,
		content: []g.Node{
			el("p", v.t("unlock.text", "name", a.Called())),
			v.form("unlock?"+query("id", a.ID),
				secretField("pin", v.t("pin"), PIN, "off", at("required")),
				button("main", v.t("unlock.open")),
			),
		},
	})
}

func takePIN(v *visit) response {
	a, missing := v.chosen()
	if missing != nil {
		return *missing
	}
	if wrong := v.prove(a, PIN, v.PostFormValue("pin")); wrong != "" {
		return v.askToUnlock(http.StatusUnprocessableEntity, a, wrong)
	}
	v.unlock(a.ID)
	return goTo("apps?" + query("account", a.ID))
}

// unlockLinks lead to the accounts whose doings are not shown yet.
func (v *visit) unlockLinks(accounts []Account) g.Node {
	var hidden []Account
	for _, a := range accounts {
		if !v.mayLook(a) {
			hidden = append(hidden, a)
		}
	}
	if len(hidden) == 0 {
		return nil
	}
	return g.Group{
		el("p", at("class", "hint"), g.Text(v.language.count("unlock.hidden", len(hidden)))),
		el("ul", at("class", "cards"), g.Map(hidden, func(a Account) g.Node {
			return el("li", el("a", at("class", "card"), at("href", "unlock?"+query("id", a.ID)),
				avatar("", a.Called(), a.ID),
				el("span", at("class", "names"), v.t("pin.for", "name", a.Called())),
				el("span", at("class", "mark"), icon("lock")),
			))
		})),
	}
}
