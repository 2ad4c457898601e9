package client

import (
	"net/url"
	"strings"
)

// origin is as originOf, of a parsed URL.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "https" || host == "" || u.Opaque != "" {
		return ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != "443" {
		host += ":" + port
	}
	return "https://" + host
}

// originOf is the origin (RFC 6454 section 4) of an https URL in one spelling,
// and "" for anything else.
func originOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return origin(u)
}
