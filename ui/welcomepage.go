package ui

import (
	"errors"
	"net/http"
	"strings"

	g "maragu.dev/gomponents"
)

// showHome leads a newcomer to the first account, others to what apps may do.
func showHome(v *visit) response {
	if v.URL.Path != "/" {
		return v.refuse(http.StatusNotFound, "error.missing")
	}
	accounts, err := v.pages.authority.Accounts(v.Context())
	switch {
	case err != nil:
		return v.failed(err)
	case len(accounts) == 0:
		return goTo("welcome")
	}
	return goTo("apps")
}

func showWelcome(v *visit) response { return v.welcome(http.StatusOK, "") }

func (v *visit) welcome(status int, wrong string) response {
	return v.document(status, sheet{
		title: v.language.text("welcome.title"),
		wrong: wrong,
		content: []g.Node{
			el("p", v.t("welcome.text")),
			v.form("welcome",
				field("name", v.t("welcome.name"), v.t("welcome.privacy"), at("name", "name"), at("autocomplete", "name"), at("maxlength", "100"), at("required")),
				button("main", v.t("welcome.start")),
			),
		},
	})
}

// takeFirst makes the first account and leads on: to the request that waits, or
// to the people, where the new one is.
func takeFirst(v *visit) response {
	_, wrong, err := v.addAccount("", v.PostFormValue("name"))
	switch {
	case err != nil:
		return v.failed(err)
	case wrong != "":
		return v.welcome(http.StatusUnprocessableEntity, wrong)
	}
	if request := v.PostFormValue("request"); request != "" {
		return goTo("consent?" + query("id", request))
	}
	return goTo("accounts")
}

// addAccount adds one, or says what is wrong with it.
func (v *visit) addAccount(username, name string) (a Account, wrong string, err error) {
	username, name = strings.TrimSpace(username), strings.TrimSpace(name)
	if name == "" {
		return a, v.language.text("accounts.noname"), nil
	}
	a, err = v.pages.authority.AddAccount(v.Context(), username, name)
	switch {
	case errors.Is(err, ErrTaken):
		return a, v.language.text("accounts.taken"), nil
	case errors.Is(err, ErrUnfit):
		return a, v.language.text("accounts.unfit"), nil
	case err == nil:
		v.say(v.language.text("accounts.added", "name", a.Called()))
	}
	return a, "", err
}
