package ipcapi

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf8"
)

// maxSocketName is what fits in sockaddr_un beside its terminator on Linux.
const maxSocketName = 107

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// isName reports whether s is made of at least min labels with separators
// between them; a label begins with a byte of first and goes on with any of
// first or rest. (Regular expressions would cost every start of a program.)
func isName(s, separator string, min int, first, rest string) bool {
	n := 0
	for label := range strings.SplitSeq(s, separator) {
		if label == "" || strings.IndexByte(first, label[0]) < 0 || strings.Trim(label, first+rest) != "" {
			return false
		}
		n++
	}
	return n >= min
}

func isJavaName(s string) bool { return isName(s, ".", 2, letters, digits+"_") }

func isJavaClass(s string) bool {
	return isName(strings.TrimPrefix(s, "."), ".", 1, letters, digits+"_$")
}

func isBusName(s string) bool {
	return len(s) <= 255 && isName(s, ".", 2, letters+"_-", digits)
}

func isObjectPath(s string) bool {
	return s == "/" || s[0] == '/' && isName(s[1:], "/", 1, letters+digits+"_", "")
}

func isMachName(s string) bool { return isName(s, ".", 2, letters+digits, "_-") }

func isPipeName(s string) bool { return isName(s, ".", 1, letters+digits+"_-", "") }

func isTeam(s string) bool { return len(s) == 10 && strings.Trim(s, letters[:26]+digits) == "" }

func isScheme(s string) bool { return isName(s, "\x00", 1, letters[26:], digits+"+.-") }

// parseTarget reads one target; known is false for a well-formed target of a
// scheme that is not ours.
func parseTarget(target string) (a Address, known bool, err error) {
	scheme, rest, found := strings.Cut(target, ":")
	if !found {
		if !isJavaName(target) {
			return Address{}, false, &AddressError{target, "not a target: want scheme:name or a package name"}
		}
		scheme, rest = string(Android), target
	}
	a, reason, known := parseScheme(Scheme(scheme), rest)
	switch {
	case reason != "":
		return Address{}, true, &AddressError{target, reason}
	case !known && !isScheme(scheme):
		return Address{}, false, &AddressError{target, "not a target: want scheme:name or a package name"}
	}
	return a, known, nil
}

// parseScheme reads what follows the colon; reason is why it cannot be.
func parseScheme(scheme Scheme, s string) (a Address, reason string, known bool) {
	switch scheme {
	case Unix, UnixSeqpacket:
		a, reason = parsePath(s)
	case UnixAbstract:
		a, reason = parseAbstract(s)
	case DBus:
		a, reason = parseDBus(s)
	case Android:
		a, reason = parseAndroid(s)
	case XPC:
		a, reason = parseXPC(s)
	case NamedPipe:
		a, reason = parsePipe(s)
	default:
		return Address{}, "", false
	}
	a.Scheme = scheme
	return a, reason, true
}

func parsePath(s string) (Address, string) {
	p, reason := unescape(s)
	switch {
	case reason != "":
		return Address{}, reason
	case strings.HasPrefix(p, "//") || strings.Contains(p, `\`):
		return Address{}, "a remote host is not allowed"
	case !strings.HasPrefix(p, "/"):
		return Address{}, "the path must be absolute"
	case path.Clean(p) != p || p == "/":
		return Address{}, "the path must be a file's, without empty, . or .. segments"
	case len(p) > maxSocketName:
		return Address{}, "the path is too long for a socket"
	}
	return Address{Path: p}, ""
}

func parseAbstract(s string) (Address, string) {
	name, reason := unescape(s)
	switch {
	case reason != "":
		return Address{}, reason
	case name == "":
		return Address{}, "the name is missing"
	case len(name) > maxSocketName:
		return Address{}, "the name is too long for a socket"
	}
	return Address{Name: name}, ""
}

func parseDBus(s string) (Address, string) {
	s, bus, hasBus := strings.Cut(s, "?bus=")
	name, object, hasObject := strings.Cut(s, "/")
	name, reason := unescape(name)
	switch {
	case reason != "":
		return Address{}, reason
	case !isBusName(name):
		return Address{}, "not a well-known bus name"
	case hasObject && !isObjectPath("/"+object):
		return Address{}, "not an object path"
	case hasBus && bus != "session" && bus != "system":
		return Address{}, "bus must be session or system"
	}
	a := Address{Name: name}
	if hasObject {
		a.Object = "/" + object
	}
	if bus == "system" {
		a.Bus = bus
	}
	return a, ""
}

func parseAndroid(s string) (Address, string) {
	s, action, hasAction := strings.Cut(s, "#")
	name, class, hasClass := strings.Cut(s, "/")
	class, reason := unescape(class)
	switch {
	case reason != "":
		return Address{}, reason
	case !isJavaName(name):
		return Address{}, "not an Android package name"
	case hasClass && !isJavaClass(class):
		return Address{}, "not a class name"
	case hasAction && !isJavaName(action):
		return Address{}, "not an action"
	}
	return Address{Name: name, Object: class, Action: action}, ""
}

func parseXPC(s string) (Address, string) {
	name, team, hasTeam := strings.Cut(s, "?team=")
	switch {
	case !isMachName(name):
		return Address{}, "not a Mach service name"
	case hasTeam && !isTeam(team):
		return Address{}, "not a team identifier"
	}
	return Address{Name: name, Team: team}, ""
}

func parsePipe(s string) (Address, string) {
	if !isPipeName(s) {
		return Address{}, "not the name of a local pipe"
	}
	return Address{Name: s}, ""
}

const unescaped = letters + digits + "-._~/:@+=$"

// unescape decodes percent-encoding. A byte that escape would encode must come
// encoded: that keeps what is printed no longer than what was read.
func unescape(s string) (string, string) {
	for i := range len(s) {
		if s[i] != '%' && strings.IndexByte(unescaped, s[i]) < 0 {
			return "", "percent-encode " + s[i:i+1]
		}
	}
	decoded, err := url.PathUnescape(s)
	switch {
	case err != nil:
		return "", "bad percent-encoding"
	case strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", "control characters are not allowed"
	case !utf8.ValidString(decoded):
		return "", "not UTF-8"
	}
	return decoded, ""
}

func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(unescaped, s[i]) >= 0 {
			b.WriteByte(s[i])
			continue
		}
		b.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
	}
	return b.String()
}
