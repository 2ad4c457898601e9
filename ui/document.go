package ui

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	g "maragu.dev/gomponents"
)

// Pages are built by functions, not by html/template: text and attribute values
// are escaped by construction, and the linker can still see which methods of the
// program are never called (a third of it; docs/decisions/0004-pages.md).

// A sheet is a page but for what all pages have.
type sheet struct {
	title   string // of the window
	heading g.Node // the same on the page; the title if nil
	within  string // the page in the menu it belongs to; "" shows no menu
	back    string // a link up; "" for none
	wrong   string // what is wrong with what was sent; "" for nothing
	content []g.Node
}

// document is the whole page.
func (v *visit) document(status int, s sheet) response {
	if s.heading == nil {
		s.heading = el("span", g.Text(s.title))
	}
	said, _ := v.pages.said.take(v.visitor)
	page := el("html", at("lang", v.language.Code()), at("dir", v.language.Direction()),
		el("head",
			el("meta", at("charset", "utf-8")),
			el("meta", at("name", "viewport"), at("content", "width=device-width, initial-scale=1")),
			el("meta", at("name", "color-scheme"), at("content", "light dark")),
			el("title", g.Text(s.title)),
			el("link", at("rel", "stylesheet"), at("href", v.up()+"style.css")),
		),
		el("body",
			el("a", at("class", "skip"), at("href", "#content"), v.t("nav.skip")),
			v.menu(s.within),
			el("main", at("id", "content"), at("tabindex", "-1"),
				g.If(s.back != "", el("p", at("class", "back"), el("a", at("href", s.back), v.t("back")))),
				el("h1", s.heading),
				g.If(said != "", el("p", at("class", "said"), at("role", "status"), icon("check"), el("span", g.Text(said)))),
				g.If(s.wrong != "", el("p", at("class", "wrong"), at("role", "alert"), at("id", "wrong"), icon("alert"), el("span", g.Text(s.wrong)))),
				g.Group(s.content),
			),
			v.languages(),
		),
	)
	return response{status: status, page: g.Group{g.Raw("<!doctype html>"), page}}
}

// up leads from this page to the folder of the pages.
func (v *visit) up() string {
	return strings.Repeat("../", max(strings.Count(v.URL.Path, "/")-1, 0))
}

func (v *visit) menu(within string) g.Node {
	if within == "" {
		return el("header", at("class", "bare"), el("span", at("class", "host"), el("bdi", g.Text(host(v.pages.authority.Issuer())))))
	}
	return el("header", el("nav", at("aria-label", v.language.text("nav.label")),
		el("ul", g.Map([]string{"accounts", "apps", "activity", "settings"}, func(page string) g.Node {
			return el("li", el("a", at("href", v.up()+page), g.If(page == within, at("aria-current", "page")), icon(page), el("span", v.t("nav."+page))))
		})),
	))
}

// host is the issuer as people read it.
func host(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return displayable(issuer)
	}
	return displayable(u.Host + strings.TrimSuffix(u.Path, "/"))
}

// languages lets the person choose another one, on every page.
func (v *visit) languages() g.Node {
	if v.Method != http.MethodGet {
		return el("footer")
	}
	return el("footer", el("nav", at("aria-label", v.language.text("nav.languages")),
		el("ul", g.Map(Languages(), func(l Language) g.Node {
			if l.Code() == v.language.Code() {
				return el("li", el("span", at("aria-current", "true"), g.Text(l.Name())))
			}
			parameters := v.URL.Query()
			parameters.Set("lang", l.Code())
			return el("li", el("a", at("href", "?"+parameters.Encode()), at("lang", l.Code()), at("hreflang", l.Code()), at("dir", l.Direction()), g.Text(l.Name())))
		})),
	))
}

// t is a text in the person's language. What is filled in keeps its own direction.
func (v *visit) t(key string, args ...string) g.Node { return rich(v.language, key, args...) }

func rich(l Language, key string, args ...string) g.Node {
	var nodes g.Group
	fill(l.words().texts[key], func(literal, value string) {
		nodes = append(nodes, g.Text(literal))
		if value != "" {
			nodes = append(nodes, el("bdi", g.Text(value)))
		}
	}, args...)
	return nodes
}

// form is one that only this visitor can send, to action, once.
func (v *visit) form(action string, content ...g.Node) g.Node {
	return el("form", at("method", "post"), at("action", action),
		el("input", at("type", "hidden"), at("name", "form"), at("value", v.pages.forms.mark(v.visitor, action))),
		g.Group(content),
	)
}

// here is this page as forms and links of the folder name it.
func (v *visit) here() string {
	here := strings.TrimPrefix(v.URL.Path, "/")
	if parameters := v.URL.Query(); len(parameters) > 0 {
		parameters.Del("lang")
		if len(parameters) > 0 {
			here += "?" + parameters.Encode()
		}
	}
	return here
}

func query(name, value string) string { return url.Values{name: {value}}.Encode() }

// when is a moment, said roughly; the exact one is there for who wants it.
func (v *visit) when(t time.Time) g.Node {
	return el("time", at("datetime", t.UTC().Format(time.RFC3339)), at("title", v.language.date(t)), g.Text(v.language.ago(t, v.now)))
}

// button is a form's only choice, or one of several.
func button(class string, label g.Node, attributes ...g.Node) g.Node {
	return el("button", at("class", class), g.Group(attributes), label)
}

// field is an input with its label and, if it needs one, a hint.
func field(id string, label, hint g.Node, attributes ...g.Node) g.Node {
	described := g.If(hint != nil, at("aria-describedby", id+"-hint"))
	return el("div", at("class", "field"),
		el("label", at("for", id), label),
		g.If(hint != nil, el("p", at("class", "hint"), at("id", id+"-hint"), hint)),
		el("input", at("id", id), described, g.Group(attributes)),
	)
}

// secretField asks for a PIN or a password.
func secretField(id string, label g.Node, kind Secret, autocomplete string, attributes ...g.Node) g.Node {
	attributes = append(attributes, at("name", id), at("type", "password"), at("autocomplete", autocomplete), at("maxlength", "256"))
	if kind == PIN {
		attributes = append(attributes, at("inputmode", "numeric"), at("dir", "ltr"))
	}
	return field(id, label, nil, attributes...)
}

// sure is a box to tick before what cannot be undone.
func sure(id string, label g.Node) g.Node {
	return el("label", at("class", "option"), el("input", at("type", "checkbox"), at("name", "sure"), at("id", id), at("value", "yes"), at("required")), el("span", label))
}

// avatar stands for a person or an app. It says nothing: the name is beside it.
func avatar(class, name, id string) g.Node {
	tint := 0
	for _, b := range []byte(id) {
		tint = (tint*31 + int(b)) % 6
	}
	return el("span", at("class", "avatar "+class+" tint-"+string(rune('0'+tint))), at("aria-hidden", "true"), g.Text(monogram(name)))
}
