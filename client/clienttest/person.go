package clienttest

import (
	"net/url"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// Accept opens an authorization link, and returns the redirect that the client
// receives when the person says yes. A link that an authorization app would
// refuse is a *linkhandler.LinkError.
func (a *App) Accept(link string) (redirect string, err error) {
	request, err := a.open(link)
	if err != nil {
		return "", err
	}
	issued := random()
	a.mu.Lock()
	a.codes[issued] = &code{request: request, expires: time.Now().Add(time.Minute)}
	a.mu.Unlock()
	return a.redirect(request, linkhandler.Response{Code: issued})
}

// Deny is as Accept, when the person says no.
func (a *App) Deny(link string) (redirect string, err error) {
	return a.Refuse(link, "access_denied", "the person said no")
}

// Refuse is as Accept, when the app gives an error (RFC 6749 section 4.1.2.1).
func (a *App) Refuse(link, code, description string) (redirect string, err error) {
	request, err := a.open(link)
	if err != nil {
		return "", err
	}
	return a.redirect(request, linkhandler.Response{Error: code, ErrorDescription: description})
}

func (a *App) redirect(request *linkhandler.Request, r linkhandler.Response) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r.State, r.Issuer, r.IPCService = request.State, a.issuer, a.services.String()
	return linkhandler.BuildRedirect(request.RedirectURI, r)
}

// Tamper sets one parameter of a redirect, or removes it if value is "".
func Tamper(redirect, parameter, value string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect
	}
	query := u.Query()
	query.Set(parameter, value)
	if value == "" {
		query.Del(parameter)
	}
	u.RawQuery = query.Encode()
	return u.String()
}
