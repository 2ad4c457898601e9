package linkhandler

import (
	"errors"
	"slices"
	"strings"
)

// A RedirectKind is one of the three ways in which a native app receives a
// redirect (RFC 8252 section 7).
type RedirectKind int

const (
	// PrivateUseScheme is com.example.app:/path. Any app may claim the scheme.
	PrivateUseScheme RedirectKind = iota + 1
	// ClaimedHTTPS is https://app.example.com/path, which the operating system
	// gives to the app that the owner of the host named.
	ClaimedHTTPS
	// Loopback is http://127.0.0.1:port/path or http://[::1]:port/path. Any
	// process of the device may listen there.
	Loopback
)

func (k RedirectKind) String() string {
	switch k {
	case PrivateUseScheme:
		return "private-use scheme"
	case ClaimedHTTPS:
		return "claimed https"
	case Loopback:
		return "loopback"
	}
	return "unknown"
}

// A RedirectURI is a redirect URI that may be registered. Make it with
// [ParseRedirectURI]; the zero RedirectURI matches nothing.
type RedirectURI struct {
	raw  string
	kind RedirectKind
	host string // of a loopback URI; "" for the others
	rest string // of a loopback URI: what follows the port
}

// dangerous are schemes that run, read or dispatch something where they are opened.
// None has a dot, so they would be refused anyway: these get a better reason.
var dangerous = []string{"about", "android-app", "blob", "content", "data", "file", "filesystem", "ftp", "intent",
	"jar", "javascript", "mailto", "market", "sms", "tel", "vbscript", "view-source", "ws", "wss"}

// ParseRedirectURI checks a redirect URI by the rules of RFC 8252: a private-use
// scheme with a dot in it, followed by a path ("com.example.app:/path") or a name
// ("com.example.app://name"); https with a host that can be claimed, which an
// address or a single label cannot; or http with the literal address of the
// loopback interface. It has at most 2 KiB, no fragment, userinfo, wildcard or dot
// segment, scheme and host in lower case, a path if it has an address, and none of
// the response's parameters in its query.
//
// The error is an [*InvalidError].
func ParseRedirectURI(s string) (RedirectURI, error) {
	r, err := parseRedirectURI(s)
	if err != nil {
		return RedirectURI{}, refused("redirect_uri", err)
	}
	return r, nil
}

func parseRedirectURI(s string) (RedirectURI, error) {
	return parseReceiver(s, responseParameters)
}

// parseReceiver checks a URI by which an app receives a link, to whose query the
// parameters named are going to be added.
func parseReceiver(s string, added []string) (RedirectURI, error) {
	u, err := splitURI(s, maxURI)
	if err != nil {
		return RedirectURI{}, err
	}
	if strings.Contains(s, "*") {
		return RedirectURI{}, errors.New("has a wildcard; write the URI in full")
	}
	if err := checkReceiverQuery(u, added); err != nil {
		return RedirectURI{}, err
	}
	r := RedirectURI{raw: s}
	switch u.scheme {
	case "https":
		r.kind, err = ClaimedHTTPS, checkClaimed(u)
	case "http":
		r.kind = Loopback
		r.host, r.rest, err = splitLoopback(u)
	default:
		r.kind, err = PrivateUseScheme, checkPrivateUse(u)
	}
	if err != nil {
		return RedirectURI{}, err
	}
	return r, nil
}

func checkClaimed(u uri) error {
	a, err := parseAuthority(u.authority)
	if err != nil {
		return err
	}
	if a.ip.IsValid() || !strings.Contains(a.host, ".") {
		return errors.New("is https with a host that no app can claim; it needs a domain name")
	}
	if u.path == "" {
		return errors.New("has no path; end it with a slash at least")
	}
	return nil
}

// splitLoopback returns the host of a loopback URI and what follows its port.
func splitLoopback(u uri) (host, rest string, err error) {
	a, err := parseAuthority(u.authority)
	if err != nil {
		return "", "", err
	}
	if a.host == "localhost" {
		return "", "", errors.New("uses localhost; write 127.0.0.1 or [::1], which cannot be resolved elsewhere (RFC 8252 section 8.3)")
	}
	if a.host != "127.0.0.1" && a.host != "[::1]" {
		return "", "", errors.New("is http to another host than 127.0.0.1 or [::1]")
	}
	if u.path == "" {
		return "", "", errors.New("has no path; end it with a slash at least")
	}
	rest = u.path
	if u.hasQuery {
		rest += "?" + u.query
	}
	return a.host, rest, nil
}

func checkPrivateUse(u uri) error {
	if slices.Contains(dangerous, u.scheme) {
		return errors.New("has a scheme that does something other than opening the client's app")
	}
	if err := checkReverseDomain(u.scheme); err != nil {
		return err
	}
	if !u.hasAuthority {
		if !strings.HasPrefix(u.path, "/") {
			return errors.New("has no slash after its scheme; write it as com.example.app:/path")
		}
		return nil
	}
	a, err := parseAuthority(u.authority)
	if err == nil && a.port != "" {
		err = errors.New("has a port, which a private-use scheme does not have")
	}
	return err
}

// checkReceiverQuery refuses a query that parameters cannot be added to without
// ambiguity.
func checkReceiverQuery(u uri, added []string) error {
	if !u.hasQuery {
		return nil
	}
	if strings.Trim(u.query, "&") == "" {
		return errors.New("has an empty query; leave out the question mark")
	}
	query, err := parseQuery(u.query)
	if err != nil {
		return errors.New("has a query that parsers read differently: " + err.Error())
	}
	if name, found := repeated(query); found {
		return errors.New("has a parameter more than once in its query: " + displayName(name))
	}
	for _, name := range added {
		if query.Has(name) {
			return errors.New("has a parameter in its query that is going to be added to it: " + name)
		}
	}
	return nil
}

// String returns the URI as it was given to [ParseRedirectURI].
func (r RedirectURI) String() string { return r.raw }

// Kind returns how the app receives the redirect.
func (r RedirectURI) Kind() RedirectKind { return r.kind }

// Matches reports whether requested is the registered URI: the same string (RFC
// 9700 section 2.1), but for the port of a loopback URI, which may be any or none
// (RFC 8252 section 7.3).
func (r RedirectURI) Matches(requested string) bool {
	if r.kind != Loopback {
		return r.raw != "" && r.raw == requested
	}
	other, err := parseRedirectURI(requested)
	return err == nil && other.host == r.host && other.rest == r.rest
}
