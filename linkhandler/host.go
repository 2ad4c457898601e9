package linkhandler

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// An authority is the host and port of a URI (RFC 3986 section 3.2). Userinfo is
// never accepted: what precedes an "@" is read as the host by people.
type authority struct {
	host string     // lower case; an IPv6 address keeps its brackets
	ip   netip.Addr // valid if host is an address
	port string     // "" if none was written
}

func parseAuthority(s string) (authority, error) {
	if strings.Contains(s, "@") {
		return authority{}, errors.New("has userinfo (an @) before its host")
	}
	if strings.Contains(s, "%") {
		return authority{}, errors.New("has a percent sign in its host; zones and encoded names are refused")
	}
	a := authority{host: s}
	// The last colon after the bracket, if there is one, begins the port.
	if colon := strings.LastIndexByte(s, ':'); colon > strings.LastIndexByte(s, ']') {
		a.host, a.port = s[:colon], s[colon+1:]
		if err := checkPort(a.port); err != nil {
			return authority{}, err
		}
	}
	return a, a.checkHost()
}

func checkPort(port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return errors.New("has a port that is not a plain number from 1 to 65535")
	}
	return nil
}

func (a *authority) checkHost() error {
	if a.host == "" {
		return errors.New("has no host")
	}
	if a.host[0] == '[' {
		return a.checkIPv6()
	}
	if len(a.host) > 253 {
		return errors.New("has a host longer than 253 bytes")
	}
	for label := range strings.SplitSeq(a.host, ".") {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	return a.checkIPv4()
}

// checkIPv6 wants the one spelling of RFC 5952, so that equal addresses are equal strings.
func (a *authority) checkIPv6() error {
	ip, err := netip.ParseAddr(strings.TrimSuffix(a.host[1:], "]"))
	if err != nil || !ip.Is6() || ip.Is4In6() || "["+ip.String()+"]" != a.host {
		return errors.New("has a host that is not an IPv6 address in its shortest form")
	}
	a.ip = ip
	return nil
}

// checkIPv4 refuses the spellings of addresses that some resolvers understand and
// others take for names: 127.1, 0x7f.0.0.1, 2130706433.
func (a *authority) checkIPv4() error {
	last := a.host[strings.LastIndexByte(a.host, '.')+1:]
	alphabet := "0123456789"
	if after, ok := strings.CutPrefix(last, "0x"); ok {
		last, alphabet = after, "0123456789abcdef"
	}
	if strings.Trim(last, alphabet) != "" {
		return nil
	}
	ip, err := netip.ParseAddr(a.host) // refuses leading zeros
	if err != nil {
		return errors.New("has a host that is neither a name nor an IPv4 address of four plain numbers")
	}
	a.ip = ip
	return nil
}

// checkLabel checks one label of a host name (RFC 1123 section 2.1). Names beyond
// ASCII are written as their A-labels (xn--...).
func checkLabel(label string) error {
	if label == "" {
		return errors.New("has an empty label in its host (a dot at an end, or two together)")
	}
	if len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return errors.New("has a label in its host that is too long, or begins or ends with a hyphen")
	}
	for _, c := range []byte(label) {
		if 'A' <= c && c <= 'Z' {
			return errors.New("has upper case letters in its host; write it in lower case")
		}
		if !isAlphanumeric(c) && c != '-' {
			return fmt.Errorf("has %q in its host", rune(c))
		}
	}
	return nil
}

// checkReverseDomain checks that a scheme is one its owner can derive from a domain
// name, as RFC 8252 section 7.1 requires of private-use schemes.
func checkReverseDomain(scheme string) error {
	if !strings.Contains(scheme, ".") {
		return errors.New("has a scheme without a dot; use a domain name you own, reversed, such as com.example.app (RFC 8252 section 8.4)")
	}
	for label := range strings.SplitSeq(scheme, ".") {
		if label == "" {
			return errors.New("has an empty label in its scheme (a dot at an end, or two together)")
		}
	}
	return nil
}
