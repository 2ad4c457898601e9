package linkhandler

import (
	"fmt"
	"strings"
)

const (
	maxCode        = 1 << 10
	maxService     = 512 // what package ipcapi accepts, too
	maxError       = 128
	maxDescription = 512
)

// responseParameters are the names that a response may use, and a redirect URI
// therefore may not.
var responseParameters = []string{"code", "state", "iss", "ipc-service", "ipc-server", "error", "error_description", "error_uri"}

// A Response is the answer to an authorization request (RFC 6749 sections 4.1.2
// and 4.1.2.1): it has a Code or an Error, never both.
type Response struct {
	Code             string  // visible ASCII, at most 1 KiB
	State            *string // exactly what the request sent; nil if it sent none
	Issuer           string  // the parameter iss (RFC 9207); "" if there is none
	IPCService       string  // the parameter ipc-service, at most 512 bytes; "" if there is none
	Error            string  // an error code, at most 128 bytes
	ErrorDescription string  // for developers, at most 512 bytes; only with Error
	ErrorURI         string  // an https URL; only with Error
}

// BuildRedirect adds a response to a redirect URI, whose own query is kept (RFC
// 6749 section 3.1.2). The URI must already be matched with a registered one.
//
// What RFC 6749 does not allow in an error_description is replaced there, and what
// is too long is cut: a message for developers must not make an error unspeakable.
// Anything else that is not as [Response] says is an [*InvalidError].
func BuildRedirect(redirectURI string, r Response) (string, error) {
	if _, err := ParseRedirectURI(redirectURI); err != nil {
		return "", err
	}
	r.ErrorDescription = Describe(r.ErrorDescription)
	if err := r.check(); err != nil {
		return "", err
	}
	return r.appendTo(redirectURI), nil
}

func (r *Response) appendTo(uri string) string {
	add := func(name, value string) {
		if value != "" {
			uri = appendParameter(uri, name, value)
		}
	}
	add("code", r.Code)
	add("error", r.Error)
	add("error_description", r.ErrorDescription)
	add("error_uri", r.ErrorURI)
	if r.State != nil {
		uri = appendParameter(uri, "state", *r.State)
	}
	add("iss", r.Issuer)
	add("ipc-service", r.IPCService)
	return uri
}

// check is the same for a response that is sent and one that was received.
func (r *Response) check() error {
	state := ""
	if r.State != nil {
		state = *r.State
	}
	for _, p := range []struct {
		name, value string
		max         int
	}{
		{"code", r.Code, maxCode}, {"state", state, maxState}, {"iss", r.Issuer, maxIssuer},
		{"ipc-service", r.IPCService, maxService}, {"error", r.Error, maxError},
	} {
		if len(p.value) > p.max {
			return &InvalidError{p.name, fmt.Sprintf("is longer than %d bytes", p.max)}
		}
		if !isVisible(p.value) {
			return &InvalidError{p.name, "has characters other than visible ASCII"}
		}
	}
	return r.checkOutcome()
}

func (r *Response) checkOutcome() error {
	switch {
	case r.Code == "" && r.Error == "":
		return &InvalidError{"code", "is missing, and there is no error either"}
	case r.Code != "" && r.Error != "":
		return &InvalidError{"code", "occurs together with an error"}
	case r.Code != "" && r.ErrorDescription+r.ErrorURI != "":
		return &InvalidError{"error_description", "or error_uri occurs without an error"}
	case !isQuotable(r.Error):
		return &InvalidError{"error", "has a character that RFC 6749 section 4.1.2.1 does not allow"}
	case r.ErrorURI != "" && !isWebPage(r.ErrorURI):
		return &InvalidError{"error_uri", "is not an https URL"}
	}
	return nil
}

// isWebPage reports whether s may be shown to a developer as a link.
func isWebPage(s string) bool {
	u, err := splitURI(s, maxURI)
	if err != nil || u.scheme != "https" {
		return false
	}
	_, err = parseAuthority(u.authority)
	return err == nil
}

// Describe makes s fit for an error_description (RFC 6749 sections 4.1.2.1 and
// 5.2): characters that are not allowed there are replaced, and what is over 512
// bytes is cut.
func Describe(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < 0x20 || r > 0x7E:
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxDescription)]
}
