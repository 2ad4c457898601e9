package linkhandler

import (
	"net/url"
	"strings"
)

// maxRedirect is the longest redirect, in bytes: a little more than the longest
// redirect URI with the longest response, every byte of it percent-encoded.
const maxRedirect = 16 << 10

// ParseResponse reads the redirect that a client received. It must go to the
// redirect URI of the request: the same scheme, host, port and path, and the
// parameters that URI had. Parameters that occur twice are refused, unknown ones
// ignored (RFC 6749 section 4.1.2).
//
// The caller compares State and Issuer with what it expects before anything else.
//
// The error is an [*InvalidError]. Its Parameter is "redirect_uri" if received is
// not this client's redirect at all, which then may just go on waiting.
func ParseResponse(redirectURI, received string) (*Response, error) {
	query, err := responseQuery(redirectURI, received)
	if err != nil {
		return nil, err
	}
	r, err := readResponse(query)
	if err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// responseQuery returns the parameters of a redirect after comparing what precedes them.
func responseQuery(redirectURI, received string) (url.Values, error) {
	expected, err := ParseRedirectURI(redirectURI)
	if err != nil {
		return nil, err
	}
	u, err := splitURI(received, maxRedirect)
	if err != nil {
		return nil, refused("redirect", err)
	}
	base, ownQuery, _ := strings.Cut(expected.raw, "?")
	if target, _, _ := strings.Cut(received, "?"); target != base {
		return nil, &InvalidError{"redirect_uri", "is not where this redirect goes"}
	}
	query, err := parseQuery(u.query)
	if err != nil {
		return nil, refused("redirect", err)
	}
	own, err := parseQuery(ownQuery)
	if err != nil {
		return nil, refused("redirect_uri", err)
	}
	for name := range own {
		if !query.Has(name) || query.Get(name) != own.Get(name) {
			return nil, &InvalidError{"redirect_uri", "has parameters that this redirect lacks"}
		}
	}
	return query, nil
}

func readResponse(query url.Values) (*Response, error) {
	if name, found := repeated(query); found {
		return nil, &InvalidError{displayName(name), "occurs more than once"}
	}
	service, err := readService(query)
	if err != nil {
		return nil, err
	}
	r := &Response{
		Code:       query.Get("code"),
		Issuer:     query.Get("iss"),
		IPCService: service,
		Error:      query.Get("error"),
	}
	if query.Has("state") {
		state := query.Get("state")
		r.State = &state
	}
	if r.Error != "" {
		r.ErrorDescription = Describe(query.Get("error_description"))
		if page := query.Get("error_uri"); isWebPage(page) {
			r.ErrorURI = page // any other is left out: the error matters more
		}
	}
	return r, nil
}

// readService accepts the name that an older text of the recipe gives the parameter.
func readService(query url.Values) (string, error) {
	service, older := query.Get("ipc-service"), query.Get("ipc-server")
	switch {
	case older == "" || service == older:
		return service, nil
	case service == "":
		return older, nil
	}
	return "", &InvalidError{"ipc-service", "differs from ipc-server"}
}
