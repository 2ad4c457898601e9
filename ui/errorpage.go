package ui

import (
	"errors"
	"net/http"

	g "maragu.dev/gomponents"
)

// failed says what went wrong, as far as it is for the person, and logs the rest.
func (v *visit) failed(err error) response {
	v.pages.log.InfoContext(v.Context(), "page refused", "path", v.URL.Path, "cause", err)
	var notice Notice
	switch {
	case errors.Is(err, ErrGone):
		return v.refuse(http.StatusGone, "error.gone")
	case errors.Is(err, ErrDecided):
		return v.refuse(http.StatusConflict, "error.decided")
	case errors.As(err, &notice):
		return v.errorPage(http.StatusConflict, v.t("error.refused"), el("details",
			el("summary", v.t("error.refused.more")),
			el("p", at("lang", "en"), at("dir", "ltr"), g.Text(displayable(notice.Notice()))),
		))
	}
	return v.errorPage(http.StatusInternalServerError, v.t("error.failed"), v.again())
}

// refuse is a page with that sentence and a way out.
func (v *visit) refuse(status int, key string) response {
	var way g.Node
	if v.Method == http.MethodPost {
		way = v.again()
	}
	return v.errorPage(status, v.t(key), way)
}

// again leads back to the page whose form it was, or whose loading failed.
func (v *visit) again() g.Node {
	return el("p", el("a", at("class", "button main"), at("href", v.here()), v.t("error.again")))
}

func (v *visit) errorPage(status int, text, way g.Node) response {
	return v.document(status, sheet{
		title:   v.language.text("error.title"),
		content: []g.Node{el("p", text), way, g.If(v.pages.door == nil, el("p", el("a", at("href", v.up()+"apps"), v.t("error.home"))))},
	})
}
