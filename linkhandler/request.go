package linkhandler

import (
	"net/url"
	"strconv"
	"strings"
)

// A Request is an authorization request, read and checked once (RFC 6749 section
// 4.1.1, RFC 7636 section 4.3, OpenID Connect Core section 3.1.2.1).
//
// A pushed request (RFC 9126 section 4) has ClientID and RequestURI and nothing
// else: parameters beside them are not read, because only those that were pushed
// count (RFC 9101 section 6.3).
type Request struct {
	ClientID            string   // 1 to 512 visible ASCII characters
	RedirectURI         string   // always present, and accepted by [ParseRedirectURI]; still to be matched
	ResponseType        string   // "code"
	Scopes              []string // each once, in the order asked for; nil if none were
	State               *string  // visible ASCII, at most 1 KiB; nil if not sent, which differs from ""
	CodeChallenge       string   // 43 characters of base64url, a SHA-256
	CodeChallengeMethod string   // "S256"
	DPoPKey             string   // dpop_jkt (RFC 9449 section 10): 43 characters of base64url; "" if not sent
	Nonce               string   // visible ASCII, at most 1 KiB
	Prompt              string   // values separated by spaces; "none" stands alone
	LoginHint           string   // printable text, at most 512 bytes; a hint by the client, not to be believed
	IDTokenHint         string   // at most 4 KiB, not verified here
	RequestURI          string   // begins with urn:ietf:params:oauth:request_uri:
	MaxAge              *int     // seconds; nil if not sent
	Resources           []string // absolute URIs, each once (RFC 8707 section 2): the one parameter that may repeat
}

// ParseRequest checks the parameters of an authorization request, from a link or
// pushed. A parameter that occurs twice is refused even if nobody knows it (RFC
// 6749 section 3.1); apart from that, unknown ones are ignored.
//
// The error is a [*LinkError].
func ParseRequest(query url.Values) (*Request, error) {
	p := parser{query: query, request: new(Request)}
	steps := []func() *LinkError{p.client, p.target, p.state, p.repeated, p.unsupported, p.responseType, p.challenge, p.dpopKey, p.scopes, p.resources, p.openID}
	if query.Get("request_uri") != "" {
		steps = []func() *LinkError{p.client, p.repeated, p.pushed}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			err.Request = p.answerable()
			return nil, err
		}
	}
	return p.request, nil
}

// Values returns the parameters of the request: ParseRequest(r.Values()) is equal to r.
func (r *Request) Values() url.Values {
	values := make(url.Values)
	for name, value := range map[string]string{
		"client_id":             r.ClientID,
		"redirect_uri":          r.RedirectURI,
		"response_type":         r.ResponseType,
		"scope":                 strings.Join(r.Scopes, " "),
		"code_challenge":        r.CodeChallenge,
		"code_challenge_method": r.CodeChallengeMethod,
		"dpop_jkt":              r.DPoPKey,
		"nonce":                 r.Nonce,
		"prompt":                r.Prompt,
		"login_hint":            r.LoginHint,
		"id_token_hint":         r.IDTokenHint,
		"request_uri":           r.RequestURI,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if r.State != nil {
		values.Set("state", *r.State)
	}
	if r.MaxAge != nil {
		values.Set("max_age", strconv.Itoa(*r.MaxAge))
	}
	for _, resource := range r.Resources {
		values.Add("resource", resource)
	}
	return values
}
