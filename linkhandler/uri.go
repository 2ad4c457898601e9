package linkhandler

import (
	"errors"
	"fmt"
	"strings"
)

// maxURI is the longest redirect URI, resource or error page, in bytes.
const maxURI = 2048

// A uri is a URI cut at its delimiters (RFC 3986 section 3), every byte checked.
// The parts are as written: nothing is decoded.
type uri struct {
	scheme       string
	authority    string
	hasAuthority bool // "//" was there, even if nothing followed it
	path         string
	query        string
	hasQuery     bool // "?" was there, even if nothing followed it
}

// splitURI cuts an absolute URI without a fragment of at most max bytes. It is
// stricter than net/url, which accepts what other parsers read otherwise.
func splitURI(s string, max int) (uri, error) {
	if err := checkBytes(s, max); err != nil {
		return uri{}, err
	}
	scheme, rest, found := strings.Cut(s, ":")
	if !found {
		return uri{}, errors.New("is not an absolute URI: it has no scheme")
	}
	if err := checkScheme(scheme); err != nil {
		return uri{}, err
	}
	u := uri{scheme: scheme}
	rest, u.query, u.hasQuery = strings.Cut(rest, "?")
	u.path = rest
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		u.hasAuthority = true
		end := strings.IndexByte(after, '/')
		if end < 0 {
			end = len(after)
		}
		u.authority, u.path = after[:end], after[end:]
	}
	if strings.ContainsAny(u.path, "[]") || strings.ContainsAny(u.query, "[]") {
		return uri{}, errors.New("contains a bracket outside an IPv6 address; percent-encode it")
	}
	return u, checkPath(u.path)
}

// checkBytes refuses whatever RFC 3986 section 2 does not allow in a URI, a
// fragment, and encoded control characters, which end strings in some languages.
func checkBytes(s string, max int) error {
	if s == "" {
		return errors.New("is empty")
	}
	if len(s) > max {
		return fmt.Errorf("is longer than %d bytes", max)
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '#':
			return errors.New("has a fragment")
		case c == '%':
			if err := checkTriplet(s[i:]); err != nil {
				return err
			}
		case c > 0x7E:
			return errors.New("has characters beyond ASCII; percent-encode them, or write a host's name as xn--")
		case !isURIByte(c):
			return fmt.Errorf("contains %q, which must be percent-encoded", rune(c))
		}
	}
	return nil
}

// checkTriplet checks a percent-encoded byte at the beginning of s.
func checkTriplet(s string) error {
	if len(s) < 3 || !isHex(s[1]) || !isHex(s[2]) {
		return errors.New("contains a % that two hexadecimal digits do not follow")
	}
	if s[1] < '2' || s[1] == '7' && (s[2] == 'F' || s[2] == 'f') {
		return fmt.Errorf("contains the encoded control character %s", s[:3])
	}
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// isURIByte reports whether c is unreserved, a sub-delim or a gen-delim but "#".
func isURIByte(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-._~!$&'()*+,;=:/?[]@", c) >= 0
}

// checkScheme checks the grammar of RFC 3986 section 3.1. Upper case is refused
// rather than folded: two spellings of one scheme would have to be compared somewhere.
func checkScheme(scheme string) error {
	if scheme == "" || scheme[0] < 'a' || scheme[0] > 'z' {
		return errors.New("does not begin with a scheme in lower case")
	}
	for _, c := range []byte(scheme) {
		if 'A' <= c && c <= 'Z' {
			return errors.New("has upper case letters in its scheme; write it in lower case")
		}
		if !isAlphanumeric(c) && strings.IndexByte("+-.", c) < 0 {
			return fmt.Errorf("has %q in its scheme", rune(c))
		}
	}
	return nil
}

// decodeSegments decodes what checkPath looks for.
var decodeSegments = strings.NewReplacer("%2e", ".", "%2E", ".", "%5c", `\`, "%5C", `\`)

// checkPath refuses what clients and servers along the way resolve differently:
// dot segments (RFC 3986 section 5.2.4) and backslashes, encoded or not.
func checkPath(path string) error {
	plain := path
	if strings.Contains(path, "%") {
		plain = decodeSegments.Replace(path)
	}
	if strings.Contains(plain, `\`) {
		return errors.New("has an encoded backslash in its path")
	}
	for segment := range strings.SplitSeq(plain, "/") {
		if segment == "." || segment == ".." {
			return errors.New("has a dot segment in its path")
		}
	}
	return nil
}
