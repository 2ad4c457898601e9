package ui

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
)

// kinds are the events that can be chosen together.
var kinds = []struct {
	name   string
	events []string
}{
	{"logins", []string{"login", "ended", "launched", "launch used"}},
	{"permissions", []string{"approved", "denied", "revoked"}},
	{"people", []string{"account added", "account removed", "secret set", "secret removed", "wrong secrets"}},
	{"apps", []string{"client added", "client removed", "app registered", "app changed its registration", "refused", "signing key rotated"}},
}

// eventsShown is how many a page has.
const eventsShown = 25

func showActivity(v *visit) response {
	accounts, err := v.pages.authority.Accounts(v.Context())
	if err != nil {
		return v.failed(err)
	}
	chosen := v.URL.Query()
	before, _ := strconv.ParseUint(chosen.Get("before"), 10, 64) // 0 is the newest
	apps := map[string]string{}
	events, err := v.pages.authority.Activity(v.Context(), before, eventsShown+1, func(e Event) bool {
		if !v.mayLookAt(e, accounts) {
			return false
		}
		if e.ClientID != "" {
			apps[e.ClientID] = e.Client
		}
		return matches(e, chosen)
	})
	if err != nil {
		return v.failed(err)
	}
	more := len(events) > eventsShown
	events = events[:min(len(events), eventsShown)]
	return v.document(http.StatusOK, sheet{
		title:  v.language.text("activity.title"),
		within: "activity",
		content: []g.Node{
			v.filter(accounts, apps, chosen),
			v.events(events, accounts, chosen),
			v.older(events, more, chosen),
		},
	})
}

// mayLookAt keeps what people with a PIN did for themselves.
func (v *visit) mayLookAt(e Event, accounts []Account) bool {
	i := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == e.AccountID })
	return i < 0 || v.mayLook(accounts[i])
}

func matches(e Event, chosen url.Values) bool {
	if account := chosen.Get("account"); account != "" && e.AccountID != account {
		return false
	}
	if client := chosen.Get("client"); client != "" && e.ClientID != client {
		return false
	}
	for _, kind := range kinds {
		if kind.name == chosen.Get("kind") {
			return slices.Contains(kind.events, e.Kind)
		}
	}
	return true
}

func (v *visit) filter(accounts []Account, apps map[string]string, chosen url.Values) g.Node {
	client := chosen.Get("client")
	if client != "" && apps[client] == "" {
		apps[client] = client
	}
	var ids []string
	for id := range apps {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return el("form", at("class", "filter"), at("method", "get"), at("action", "activity"),
		v.selectAccount(accounts, chosen.Get("account")),
		el("div", at("class", "field"),
			el("label", at("for", "client"), v.t("activity.app")),
			el("select", at("id", "client"), at("name", "client"),
				el("option", at("value", ""), v.t("activity.any")),
				g.Map(ids, func(id string) g.Node {
					return el("option", at("value", id), g.If(id == client, at("selected")), g.Text(displayable(apps[id])))
				}),
			),
		),
		el("div", at("class", "field"),
			el("label", at("for", "kind"), v.t("activity.kind")),
			el("select", at("id", "kind"), at("name", "kind"),
				el("option", at("value", ""), v.t("activity.any")),
				g.Group(v.kindOptions(chosen.Get("kind"))),
			),
		),
		button("", v.t("activity.filter")),
	)
}

func (v *visit) kindOptions(chosen string) (options []g.Node) {
	for _, kind := range kinds {
		options = append(options, el("option", at("value", kind.name), g.If(kind.name == chosen, at("selected")), v.t("activity.kind."+kind.name)))
	}
	return options
}

func (v *visit) events(events []Event, accounts []Account, chosen url.Values) g.Node {
	if len(events) == 0 {
		key := "activity.none"
		if chosen.Has("account") || chosen.Has("client") || chosen.Has("kind") || chosen.Has("before") {
			key = "activity.nothing"
		}
		return el("p", at("class", "empty"), v.t(key))
	}
	return el("ol", at("class", "events"), g.Map(events, func(e Event) g.Node {
		return el("li",
			el("p", v.event(e, accounts)),
			el("p", at("class", "hint"), v.when(e.Time), g.If(e.Executable != "", g.Group{g.Text(" · "), v.t("activity.by", "program", displayable(path.Base(e.Executable)))})),
		)
	}))
}

// event says what happened, in a sentence.
func (v *visit) event(e Event, accounts []Account) g.Node {
	key := "event." + strings.ReplaceAll(e.Kind, " ", "-")
	if e.Kind == "approved" && e.Detail == "remembered" {
		key = "event.remembered"
	}
	if _, known := v.language.words().texts[key]; !known {
		key = "event.other"
	}
	return v.t(key, "kind", displayable(e.Kind), "person", v.nameIn(e, accounts), "app", v.appIn(e))
}

func (v *visit) nameIn(e Event, accounts []Account) string {
	for _, a := range accounts {
		if a.ID == e.AccountID {
			return a.Called()
		}
	}
	if strings.HasPrefix(e.Kind, "account ") && e.Detail != "" { // the username
		return displayable(e.Detail)
	}
	return v.language.text("somebody")
}

func (v *visit) appIn(e Event) string {
	if e.Client != "" {
		return displayable(e.Client)
	}
	if e.ClientID != "" {
		return displayable(e.ClientID)
	}
	return v.language.text("someapp")
}

func (v *visit) older(events []Event, more bool, chosen url.Values) g.Node {
	var links g.Group
	if chosen.Has("before") {
		links = append(links, el("a", at("class", "button"), at("href", "activity?"+without(chosen, "before").Encode()), v.t("activity.newest")))
	}
	if more {
		next := without(chosen, "before")
		next.Set("before", strconv.FormatUint(events[len(events)-1].Seq, 10))
		links = append(links, el("a", at("class", "button"), at("href", "activity?"+next.Encode()), v.t("activity.older")))
	}
	if len(links) == 0 {
		return nil
	}
	return el("p", at("class", "choice"), links)
}

// without is a copy of the parameters, less one and the passing choice of a language.
func without(parameters url.Values, name string) url.Values {
	rest := url.Values{}
	for key, values := range parameters {
		if key != name && key != "lang" {
			rest[key] = values
		}
	}
	return rest
}
