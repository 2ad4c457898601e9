package ui

import (
	"errors"
	"net/http"

	g "maragu.dev/gomponents"
)

func showAccount(v *visit) response {
	a, missing := v.chosen()
	if missing != nil {
		return *missing
	}
	return v.account(http.StatusOK, a, "")
}

func (v *visit) account(status int, a Account, wrong string) response {
	here := "account?" + query("id", a.ID)
	return v.document(status, sheet{
		title:   a.Called(),
		heading: g.Group{avatar("large", a.Called(), a.ID), el("span", el("bdi", g.Text(a.Called())))},
		within:  "accounts",
		back:    "accounts",
		wrong:   wrong,
		content: []g.Node{
			el("p", at("class", "hint"), el("bdi", g.Text(displayable(a.Username))), g.Text(" · "), v.t("account.since", "date", v.language.date(a.CreatedAt))),
			el("p", el("a", at("href", "apps?"+query("account", a.ID)), v.t("account.seeapps", "name", a.Called()))),
			el("h2", v.t("pin")),
			el("p", v.t("pin.why")),
			v.secretForms(here, a, PIN, a.HasPIN),
			g.If(a.HasPIN, el("p", at("class", "hint"), v.t("pin.forgotten"))),
			el("details",
				el("summary", v.t("password")),
				el("p", v.t("password.why")),
				v.secretForms(here, a, Password, a.HasPassword),
			),
			el("details",
				el("summary", v.t("account.remove", "name", a.Called())),
				el("p", v.t("account.remove.text", "name", a.Called())),
				v.form(here,
					v.current(a, PIN, a.HasPIN, "remove-"),
					sure("remove-sure", v.t("account.remove.sure", "name", a.Called())),
					button("danger", v.t("account.remove", "name", a.Called()), at("name", "do"), at("value", "remove")),
				),
			),
		},
	})
}

// secretForms set, change and remove a PIN or a password. Who has one must know it.
func (v *visit) secretForms(here string, a Account, kind Secret, has bool) g.Node {
	k := string(kind)
	verb := "set"
	if has {
		verb = "change"
	}
	return v.form(here,
		el("input", at("type", "hidden"), at("name", "kind"), at("value", k)),
		v.current(a, kind, has, ""),
		secretField(k+"-new", v.t(k+".new"), kind, "new-password", g.If(!has, at("required"))),
		el("div", at("class", "choice"),
			button("main", v.t(k+"."+verb), at("name", "do"), at("value", "set")),
			g.If(has, button("", v.t(k+".remove"), at("name", "do"), at("value", "unset"))),
		),
	)
}

func (v *visit) current(a Account, kind Secret, has bool, prefix string) g.Node {
	if !has {
		return nil
	}
	return secretField(prefix+string(kind)+"-current", v.t(string(kind)+".current"), kind, "current-password", at("required"))
}

func changeAccount(v *visit) response {
	a, missing := v.chosen()
	if missing != nil {
		return *missing
	}
	switch v.PostFormValue("do") {
	case "remove":
		return v.removeAccount(a)
	case "set", "unset":
		return v.changeSecret(a)
	}
	return v.refuse(http.StatusBadRequest, "error.missing")
}

func (v *visit) removeAccount(a Account) response {
	if v.PostFormValue("sure") == "" {
		return v.account(http.StatusUnprocessableEntity, a, v.language.text("account.unsure"))
	}
	if a.HasPIN {
		if wrong := v.prove(a, PIN, v.PostFormValue("remove-pin-current")); wrong != "" {
			return v.account(http.StatusUnprocessableEntity, a, wrong)
		}
	}
	if err := v.pages.authority.RemoveAccount(v.Context(), a.ID); err != nil {
		return v.failed(err)
	}
	v.say(v.language.text("accounts.removed", "name", a.Called()))
	return goTo("accounts")
}

// changeSecret sets or removes the PIN or the password of an account.
func (v *visit) changeSecret(a Account) response {
	kind, has := PIN, a.HasPIN
	if v.PostFormValue("kind") == string(Password) {
		kind, has = Password, a.HasPassword
	}
	k := string(kind)
	fresh := ""
	if v.PostFormValue("do") == "set" {
		if fresh = v.PostFormValue(k + "-new"); fresh == "" {
			return v.account(http.StatusUnprocessableEntity, a, v.language.text(k+".unfit"))
		}
	}
	if has {
		if wrong := v.prove(a, kind, v.PostFormValue(k+"-current")); wrong != "" {
			return v.account(http.StatusUnprocessableEntity, a, wrong)
		}
	}
	err := v.pages.authority.SetSecret(v.Context(), a.ID, kind, fresh)
	switch {
	case errors.Is(err, ErrUnfit):
		return v.account(http.StatusUnprocessableEntity, a, v.language.text(k+".unfit"))
	case err != nil:
		return v.failed(err)
	}
	done := ".saved"
	if fresh == "" {
		done = ".removed"
	}
	if kind == PIN {
		v.unlock(a.ID) // who has just chosen it knows it
	}
	v.say(v.language.text(k + done))
	return goTo(v.here())
}
