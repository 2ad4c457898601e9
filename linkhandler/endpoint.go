package linkhandler

import (
	"errors"
	"strings"
)

const (
	maxLink   = 8 << 10 // bytes of an authorization link
	maxIssuer = 512     // bytes of an issuer
)

// An Endpoint is the authorization endpoint of one issuer: the links that an
// authorization app answers. Make it with [NewEndpoint]; the zero Endpoint
// recognises no link.
type Endpoint struct {
	url    string
	scheme string // "" if only the https link is answered
}

// NewEndpoint returns the endpoint of an issuer (RFC 8414 section 2: an https URL
// without query or fragment), which is the issuer followed by "/authorize". The
// issuer may have a path; it must not end with a slash, and its scheme and host are
// written in lower case.
//
// If customScheme is not "", links of that scheme are answered too, for devices
// that have never been able to verify the https one. It is a domain name reversed,
// such as "com.example.auth". Any app may claim a custom scheme.
//
// The error is an [*InvalidError].
func NewEndpoint(issuer, customScheme string) (Endpoint, error) {
	if err := checkIssuer(issuer); err != nil {
		return Endpoint{}, refused("issuer", err)
	}
	if customScheme != "" {
		if err := checkCustomScheme(customScheme); err != nil {
			return Endpoint{}, refused("custom scheme", err)
		}
	}
	return Endpoint{url: issuer + "/authorize", scheme: customScheme}, nil
}

func checkCustomScheme(scheme string) error {
	if err := checkScheme(scheme); err != nil {
		return err
	}
	return checkReverseDomain(scheme)
}

func checkIssuer(issuer string) error {
	u, err := splitURI(issuer, maxIssuer)
	if err != nil {
		return err
	}
	if u.scheme != "https" {
		return errors.New("is not an https URL")
	}
	if _, err := parseAuthority(u.authority); err != nil {
		return err
	}
	if u.hasQuery {
		return errors.New("has a query")
	}
	if strings.HasSuffix(u.path, "/") || strings.Contains(u.path, "//") {
		return errors.New("has an empty segment in its path; leave out the slash at the end")
	}
	return nil
}

// URL returns the https authorization endpoint, without parameters.
func (e Endpoint) URL() string { return e.url }

// Parse reads a launched link. It must be [Endpoint.URL] letter for letter, or the
// custom scheme with the path /authorize ("com.example.auth:/authorize", or
// "com.example.auth://authorize", which some platforms make of it), followed by a
// query and no fragment; at most 8 KiB in all.
//
// The error is a [*LinkError].
func (e Endpoint) Parse(link string) (*Request, error) {
	u, err := splitURI(link, maxLink)
	if err != nil {
		return nil, refuse(codeInvalidRequest, "link", err.Error())
	}
	target, _, _ := strings.Cut(link, "?")
	if !e.answers(target) {
		return nil, refuse(codeInvalidRequest, "link", "does not go to this authorization endpoint")
	}
	query, err := parseQuery(u.query)
	if err != nil {
		invalid := refused("link", err)
		return nil, refuse(codeInvalidRequest, invalid.Parameter, invalid.Reason)
	}
	return ParseRequest(query)
}

// answers compares a target that has a scheme: nothing is equal to an endpoint, or a
// custom scheme, that is "".
func (e Endpoint) answers(target string) bool {
	return target == e.url || target == e.scheme+":/authorize" || target == e.scheme+"://authorize"
}
