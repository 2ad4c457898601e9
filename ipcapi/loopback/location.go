package loopback

import (
	"net/http"
	"net/url"
	"strings"
)

// localLocation returns what the client is to see of an answer's Location, which
// may be relative to the issuer's URL of the request: a URL of this server, whose
// base URL is base, if the issuer serves it; else the absolute URL.
func localLocation(resp *http.Response, issuer *url.URL, base string) (string, error) {
	target, err := resp.Location()
	if err != nil {
		return "", err
	}
	rest, inside := strings.CutPrefix(target.EscapedPath(), strings.TrimSuffix(issuer.EscapedPath(), "/"))
	if !inside || rest != "" && rest[0] != '/' || !sameOrigin(target, issuer) {
		return target.String(), nil
	}
	local, err := url.Parse(base + rest)
	if err != nil {
		return "", err
	}
	local.RawQuery, local.ForceQuery = target.RawQuery, target.ForceQuery
	local.Fragment, local.RawFragment = target.Fragment, target.RawFragment
	return local.String(), nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.User == nil && a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
