package ui

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	g "maragu.dev/gomponents"
)

// A Door lets in who comes over a network.
type Door interface {
	Authority
	// SignIn returns the account with that username and password, or
	// ErrWrongSecret, or a *WaitError after too many tries. It must not tell
	// whether there is such a username.
	SignIn(ctx context.Context, username, password string) (Account, error)
}

// signInLife is how long somebody who signed in may decide.
const signInLife = time.Hour

// signedIn is who a visitor has shown to be.
type signedIn struct {
	account string
	at      time.Time
}

// NewNetworkPages returns the pages of authority for browsers that are not on this
// device: to sign in, and to decide as the one who did. Nobody is listed, and
// nothing is administered there. log may be nil.
//
//	signin?id=ID   who are you; consent afterwards
//	consent?id=ID  what an app asks for; done afterwards
func NewNetworkPages(door Door, log *slog.Logger) *Pages {
	p := NewPages(door, log)
	p.door = door
	p.signedIn = newRecent[signedIn](maxSignedIn, signInLife)
	p.handler = protect(http.NewCrossOriginProtection().Handler(p.route(map[string]page{
		"/signin":  {showSignIn, takeSignIn},
		"/consent": {showConsent, takeDecision},
		"/done":    {showDone, nil},
	})))
	return p
}

// maxSignedIn bounds how many may be signed in at a time.
const maxSignedIn = 1024

// asked is the request that a page is about, as whoever visits may decide it. Over
// a network that is who signed in, as that one alone, and recently enough for the app.
func (v *visit) asked(id string) (Consent, *response) {
	c, err := v.pages.authority.Consent(v.Context(), id)
	if err != nil {
		refusal := v.failed(err)
		return c, &refusal
	}
	if v.pages.door == nil {
		return c, nil
	}
	s, known := v.pages.signedIn.get(v.visitor)
	account, there := c.account(s.account)
	if !known || v.visitor == "" || !there || s.at.Before(c.AuthAfter) {
		first := goTo("signin?" + query("id", id))
		return c, &first
	}
	account.HasPIN = false // is for who has the device in their hands
	c.Accounts, c.SelectAccount = []Account{account}, false
	return c, nil
}

// authenticated says in the decision when who decides has signed in.
func (v *visit) authenticated(d Decision) Decision {
	if v.pages.door == nil {
		return d
	}
	s, _ := v.pages.signedIn.get(v.visitor)
	d.AuthTime = s.at
	return d
}

func showSignIn(v *visit) response {
	c, err := v.pages.authority.Consent(v.Context(), v.URL.Query().Get("id"))
	if err != nil {
		return v.failed(err)
	}
	return v.askToSignIn(http.StatusOK, c, c.Hint, "")
}

func (v *visit) askToSignIn(status int, c Consent, username, wrong string) response {
	return v.document(status, sheet{
		title: v.language.text("signin.title"),
		wrong: wrong,
		content: []g.Node{
			el("p", v.t("signin.why", "app", c.In(v.language).Who())),
			v.form("signin?"+query("id", c.ID),
				field("username", v.t("accounts.username"), nil, at("name", "username"), at("value", displayable(username)), at("autocomplete", "username"), at("maxlength", "100"), at("required")),
				secretField("password", v.t("password"), Password, "current-password", at("required")),
				button("main", v.t("signin.go")),
			),
		},
	})
}

// takeSignIn makes the visitor another one, so that nobody who knew the old cookie
// is signed in with them.
func takeSignIn(v *visit) response {
	c, err := v.pages.authority.Consent(v.Context(), v.URL.Query().Get("id"))
	if err != nil {
		return v.failed(err)
	}
	username := v.PostFormValue("username")
	account, err := v.pages.door.SignIn(v.Context(), username, v.PostFormValue("password"))
	if err != nil {
		return v.askToSignIn(http.StatusUnprocessableEntity, c, username, v.unproved(err, "signin.wrong"))
	}
	visitor := rand.Text()
	v.pages.signedIn.keep(visitor, signedIn{account.ID, time.Now()})
	return response{location: "consent?" + query("id", c.ID), visitor: visitor}
}

// unproved says what is wrong with a secret; wrong is the key of that it is.
func (v *visit) unproved(err error, wrong string, args ...string) string {
	var wait *WaitError
	switch {
	case errors.Is(err, ErrWrongSecret):
		return v.language.text(wrong, args...)
	case errors.As(err, &wait):
		return v.language.count("wait", int((wait.For+time.Minute-1)/time.Minute))
	}
	v.pages.log.ErrorContext(v.Context(), "secret not judged", "cause", err)
	return v.language.text("error.failed")
}
