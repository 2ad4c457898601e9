package clienttest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// A login is what the person accepted once.
type login struct {
	request *linkhandler.Request
	key     string // thumbprint of the DPoP key that its tokens are bound to; "" for none
	ended   bool
}

type code struct {
	request *linkhandler.Request
	expires time.Time
	login   *login // what it was redeemed for
}

type access struct {
	login   *login
	expires time.Time
}

// A refresh token has a successor from its first use on. To repeat that use is
// no offence until the successor was used in turn.
type refresh struct {
	login     *login
	successor string
}

// A refusal is an error code of RFC 6749 section 5.2; "" is none.
type refusal string

func (a *App) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" || r.ParseForm() != nil {
		refuse(w, "invalid_request")
		return
	}
	key, why := a.proven(w, r, "")
	if why != "" {
		refuse(w, why)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var granted *login
	var successor string
	why = "unsupported_grant_type"
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		granted, why = a.redeem(r, key)
	case "refresh_token":
		granted, successor, why = a.rotate(r, key)
	}
	if why != "" {
		refuse(w, why)
		return
	}
	writeJSON(w, http.StatusOK, a.issue(granted, successor))
}

// redeem accepts a code once, with its PKCE verifier (RFC 7636 section 4.6).
func (a *App) redeem(r *http.Request, key string) (*login, refusal) {
	form := r.PostForm
	c, ok := a.codes[form.Get("code")]
	switch {
	case !ok:
		return nil, "invalid_grant"
	case c.request.ClientID != form.Get("client_id"),
		c.request.RedirectURI != form.Get("redirect_uri"),
		c.request.CodeChallenge != challengeOf(form.Get("code_verifier")),
		c.request.DPoPKey != "" && c.request.DPoPKey != key:
		return nil, "invalid_grant"
	case c.login != nil: // RFC 6749 section 4.1.2: end what it was redeemed for
		c.login.ended = true
		return nil, "invalid_grant"
	case time.Now().After(c.expires):
		return nil, "invalid_grant"
	}
	c.login = &login{request: c.request, key: key}
	a.logins = append(a.logins, c.login)
	return c.login, ""
}

// rotate returns the successor of a refresh token (RFC 9700 section 4.14.2).
func (a *App) rotate(r *http.Request, key string) (*login, string, refusal) {
	token, ok := a.refresh[r.PostForm.Get("refresh_token")]
	if !ok || token.login.ended || token.login.request.ClientID != r.PostForm.Get("client_id") || token.login.key != key {
		return nil, "", "invalid_grant"
	}
	if token.successor == "" {
		token.successor = random()
		a.refresh[token.successor] = &refresh{login: token.login}
	}
	if a.refresh[token.successor].successor != "" {
		token.login.ended = true
		return nil, "", "invalid_grant"
	}
	return token.login, token.successor, ""
}

// issue makes the answer of RFC 6749 section 5.1. Without a successor it is the
// first of a login, with a refresh token for offline_access and an ID token for
// openid.
func (a *App) issue(l *login, successor string) map[string]any {
	token := random()
	a.access[token] = &access{login: l, expires: time.Now().Add(a.TokenLifetime)}
	tokenType := "Bearer"
	if l.key != "" {
		tokenType = "DPoP"
	}
	answer := map[string]any{
		"access_token": token,
		"token_type":   tokenType,
		"expires_in":   int(a.TokenLifetime.Seconds()),
		"scope":        strings.Join(l.request.Scopes, " "),
	}
	if successor == "" && slices.Contains(l.request.Scopes, "openid") {
		answer["id_token"] = a.idToken(l.request, token)
	}
	if successor == "" && slices.Contains(l.request.Scopes, "offline_access") {
		successor = random()
		a.refresh[successor] = &refresh{login: l}
	}
	if successor != "" {
		answer["refresh_token"] = successor
	}
	return answer
}

// serveRevoke ends the login of a token; an unknown one is a success (RFC 7009
// section 2.2).
func (a *App) serveRevoke(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("token")
	if token == "" {
		refuse(w, "invalid_request")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t, ok := a.refresh[token]; ok {
		t.login.ended = true
	}
	if t, ok := a.access[token]; ok {
		t.login.ended = true
	}
}

// guard lets requests with a good token through (RFC 6750 section 3, RFC 9449 section 7).
func (a *App) guard(next func(w http.ResponseWriter, r *http.Request, l *login)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, key, why := a.presented(w, r)
		a.mu.Lock()
		t, ok := a.access[token]
		good := ok && !t.login.ended && time.Now().Before(t.expires) && t.login.key == key
		a.mu.Unlock()
		if why == "" && !good {
			why = "invalid_token"
		}
		if why != "" {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer error=%q, DPoP error=%q", why, why))
			http.Error(w, "a good access token is required", http.StatusUnauthorized)
			return
		}
		next(w, r, t.login)
	})
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
