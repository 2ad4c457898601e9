package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// An Authenticator says what a pair of HTTP Basic credentials (RFC 7617) allows.
// They are for apps that were handed a pair when they were launched and know
// nothing of OAuth; what they stand for is a [Token] like any other, with scopes,
// an audience and an end. An error that wraps [ErrInvalidToken] means that the
// pair is not in force; any other that nobody could tell.
type Authenticator interface {
	Authenticate(ctx context.Context, userID, password string) (Token, error)
}

func isBasic(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Basic")
}

// basicCredentials takes the pair from the one Authorization header.
func basicCredentials(r *http.Request) (userID, password string, err error) {
	userID, password, ok := r.BasicAuth()
	if !ok || len(r.Header.Values("Authorization")) > 1 {
		return "", "", &refusal{status: http.StatusBadRequest, cause: errors.New("send one header «Authorization: Basic BASE64»")}
	}
	return userID, password, nil
}

// The schemes of access tokens (RFC 6750 section 2.1, RFC 9449 section 7.1).
const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

// accessToken takes the token from the Authorization header, the one place for
// it that does not end up in logs (RFC 6750 section 2.1).
func accessToken(r *http.Request) (scheme, token string, err error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", "", &refusal{status: http.StatusUnauthorized, cause: errors.New("no access token")}
	}
	scheme, token, _ = strings.Cut(values[0], " ")
	scheme = knownScheme(scheme)
	if len(values) == 1 && scheme == "" {
		return "", "", &refusal{status: http.StatusUnauthorized, cause: fmt.Errorf("no access token, but the credentials %.20q", values[0])}
	}
	if len(values) > 1 || token == "" || strings.ContainsAny(token, " ,") {
		return "", "", &refusal{status: http.StatusBadRequest, code: "invalid_request", cause: errors.New("send one header «Authorization: Bearer TOKEN»")}
	}
	return scheme, token, nil
}

// knownScheme is the scheme as it is written here; "" if access tokens do not come
// by it. Case does not matter (RFC 9110 section 11.1).
func knownScheme(scheme string) string {
	for _, known := range []string{schemeBearer, schemeDPoP} {
		if strings.EqualFold(scheme, known) {
			return known
		}
	}
	return ""
}

// challenge says which credentials would do (RFC 9110 section 11.6.1). What is
// wrong is said for the scheme that the request used.
func (g *Guard) challenge(h http.Header, r *http.Request, no *refusal) {
	used, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if knownScheme(used) == schemeDPoP {
		h.Set("WWW-Authenticate", no.challenge(schemeDPoP, g)+proofAlgorithms)
	} else {
		h.Set("WWW-Authenticate", no.challenge(schemeBearer, g))
		if no.status == http.StatusUnauthorized {
			h.Add("WWW-Authenticate", new(refusal).challenge(schemeDPoP, g)+proofAlgorithms)
		}
	}
	if g.Basic != nil && no.status == http.StatusUnauthorized {
		h.Add("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", g.Audience))
	}
}

func (e *refusal) challenge(scheme string, g *Guard) string {
	challenge := fmt.Sprintf("%s realm=%q", scheme, g.Audience)
	if e.code != "" {
		challenge += fmt.Sprintf(", error=%q", e.code)
	}
	if e.scope != "" {
		challenge += fmt.Sprintf(", scope=%q", e.scope)
	}
	if g.MetadataURL != "" {
		challenge += fmt.Sprintf(", resource_metadata=%q", g.MetadataURL)
	}
	return challenge
}
