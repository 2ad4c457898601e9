package linkhandler

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const (
	maxState     = 1 << 10
	maxScope     = 2 << 10
	maxResources = 16
	// requestURIPrefix begins the reference to a pushed request (RFC 9126 section
	// 2.2). Any other request_uri would have to be fetched, and is refused.
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:"
)

// A parser fills a request, one step after the other.
type parser struct {
	query   url.Values
	request *Request
}

// answerable returns what of the request an error may be answered with.
func (p *parser) answerable() *Request {
	return &Request{ClientID: p.request.ClientID, RedirectURI: p.request.RedirectURI, State: p.request.State}
}

func refuse(code, parameter, reason string) *LinkError {
	return &LinkError{Code: code, Parameter: parameter, Reason: reason}
}

// visible returns a parameter that is visible ASCII of at most max bytes, "" if it
// was not sent.
func (p *parser) visible(name string, max int) (string, *LinkError) {
	value := p.query.Get(name)
	if len(value) > max {
		return "", refuse(codeInvalidRequest, name, fmt.Sprintf("is longer than %d bytes", max))
	}
	if !isVisible(value) {
		return "", refuse(codeInvalidRequest, name, "has characters other than visible ASCII (RFC 6749 appendix A)")
	}
	return value, nil
}

// once returns a parameter that identifies whom to answer: it must be there, one time.
func (p *parser) once(name string, max int) (string, *LinkError) {
	switch len(p.query[name]) {
	case 0:
		return "", refuse(codeInvalidRequest, name, "is missing")
	case 1:
	default:
		return "", refuse(codeInvalidRequest, name, "occurs more than once")
	}
	value, err := p.visible(name, max)
	if err == nil && value == "" {
		err = refuse(codeInvalidRequest, name, "is empty")
	}
	return value, err
}

func (p *parser) client() (err *LinkError) {
	p.request.ClientID, err = p.once("client_id", 512)
	return err
}

func (p *parser) target() *LinkError {
	target, err := p.once("redirect_uri", maxURI)
	if err != nil {
		return err
	}
	if _, err := parseRedirectURI(target); err != nil {
		return refuse(codeInvalidRequest, "redirect_uri", err.Error())
	}
	p.request.RedirectURI = target
	return nil
}

// state comes before all that can be answered by a redirect: the answer needs it.
func (p *parser) state() *LinkError {
	if len(p.query["state"]) != 1 {
		return nil // not sent; or repeated, which the next step refuses
	}
	state, err := p.visible("state", maxState)
	if err == nil {
		p.request.State = &state
	}
	return err
}

func (p *parser) repeated() *LinkError {
	if len(p.query) > maxParameters {
		return refuse(codeInvalidRequest, "link", fmt.Sprintf("has more than %d parameters", maxParameters))
	}
	if name, found := repeated(p.query, "resource"); found {
		return refuse(codeInvalidRequest, displayName(name), "occurs more than once")
	}
	return nil
}

// unsupported refuses what would change the meaning of a request if it were ignored.
func (p *parser) unsupported() *LinkError {
	if p.query.Get("request") != "" {
		return refuse(codeRequestNotSupported, "request", "is not supported; push the request instead (RFC 9126)")
	}
	if p.query.Get("registration") != "" {
		return refuse(codeRegistrationUnsupported, "registration", "is not supported")
	}
	if mode := p.query.Get("response_mode"); mode != "" && mode != "query" {
		return refuse(codeInvalidRequest, "response_mode", "must be query, or be left out")
	}
	return nil
}

func (p *parser) responseType() *LinkError {
	switch p.query.Get("response_type") {
	case "code":
		p.request.ResponseType = "code"
		return nil
	case "":
		return refuse(codeInvalidRequest, "response_type", "is missing")
	}
	return refuse(codeUnsupportedResponseType, "response_type", "must be code")
}

// challenge checks PKCE (RFC 7636 section 4.3), which is never optional here (RFC
// 8252 section 8.1). A method left out means plain, so it cannot be.
func (p *parser) challenge() *LinkError {
	challenge := p.query.Get("code_challenge")
	if challenge == "" {
		return refuse(codeInvalidRequest, "code_challenge", "is missing; PKCE with S256 is required")
	}
	if p.query.Get("code_challenge_method") != "S256" {
		return refuse(codeInvalidRequest, "code_challenge_method", "must be S256")
	}
	if !isSHA256(challenge) {
		return refuse(codeInvalidRequest, "code_challenge", "must be the 43 base64url characters of a SHA-256, without padding")
	}
	p.request.CodeChallenge, p.request.CodeChallengeMethod = challenge, "S256"
	return nil
}

// dpopKey reads the thumbprint of the key that the code will be for (RFC 9449 section 10).
func (p *parser) dpopKey() *LinkError {
	thumbprint := p.query.Get("dpop_jkt")
	if thumbprint != "" && !isSHA256(thumbprint) {
		return refuse(codeInvalidRequest, "dpop_jkt", "must be the 43 base64url characters of a SHA-256, without padding")
	}
	p.request.DPoPKey = thumbprint
	return nil
}

// isSHA256 reports whether s is of the form of a SHA-256 in base64url.
func isSHA256(s string) bool {
	foreign := func(r rune) bool { return r > 0x7E || !isAlphanumeric(byte(r)) && r != '-' && r != '_' }
	return len(s) == 43 && strings.IndexFunc(s, foreign) < 0
}

func (p *parser) scopes() *LinkError {
	scope := p.query.Get("scope")
	if len(scope) > maxScope {
		return refuse(codeInvalidScope, "scope", fmt.Sprintf("is longer than %d bytes", maxScope))
	}
	if !isQuotable(scope) {
		return refuse(codeInvalidScope, "scope", "has a character that RFC 6749 section 3.3 does not allow")
	}
	for name := range strings.SplitSeq(scope, " ") {
		if name != "" && !slices.Contains(p.request.Scopes, name) {
			p.request.Scopes = append(p.request.Scopes, name)
		}
	}
	return nil
}

func (p *parser) resources() *LinkError {
	if len(p.query["resource"]) > maxResources {
		return refuse(codeInvalidTarget, "resource", fmt.Sprintf("occurs more than %d times", maxResources))
	}
	for _, resource := range p.query["resource"] {
		if resource == "" {
			continue // as if not sent (RFC 6749 section 3.1)
		}
		if _, err := splitURI(resource, maxURI); err != nil {
			return refuse(codeInvalidTarget, "resource", err.Error())
		}
		if !slices.Contains(p.request.Resources, resource) {
			p.request.Resources = append(p.request.Resources, resource)
		}
	}
	return nil
}

func (p *parser) pushed() *LinkError {
	reference, err := p.visible("request_uri", 512)
	if err != nil {
		return err
	}
	if len(reference) <= len(requestURIPrefix) || !strings.HasPrefix(reference, requestURIPrefix) {
		return refuse(codeInvalidRequestURI, "request_uri", "is not the reference to a pushed request (RFC 9126)")
	}
	p.request.RequestURI = reference
	return nil
}
