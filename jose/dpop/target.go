package dpop

import (
	"net/url"
	"strings"
)

// trimmed is a URL without query and fragment (RFC 9449 section 4.2).
func trimmed(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}

// sameTarget compares URLs without query and fragment, after the normalization by
// syntax and scheme that RFC 9449 section 4.3 recommends (RFC 3986 sections 6.2.2
// and 6.2.3). Dot segments are left as they are: no server here resolves them.
func sameTarget(a, b string) bool {
	a, okA := normal(a)
	b, okB := normal(b)
	return okA && okB && a == b
}

func normal(raw string) (string, bool) {
	u, err := url.Parse(trimmed(raw))
	if err != nil || u.Host == "" || u.User != nil {
		return "", false
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", false
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, ":") + normalEscapes(path), true
}

// normalEscapes writes what need not be escaped plainly, and all other escapes in
// upper case.
func normalEscapes(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		escape := path[i : i+3] // url.Parse refuses an escape that is cut short
		c, err := url.PathUnescape(escape)
		if err == nil && isUnreserved(c[0]) {
			b.WriteByte(c[0])
		} else {
			b.WriteString(strings.ToUpper(escape))
		}
		i += 2
	}
	return b.String()
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
