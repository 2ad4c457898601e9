package interop

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

type (
	zitadelTokens = *oidc.Tokens[*oidc.IDTokenClaims]
	nonceKey      struct{}
)

// A party is an app made with zitadel's relying party: its two HTTP handlers
// hold the state, the nonce and the verifier in cookies.
type party struct {
	*desk
	rp.RelyingParty
	nonce   string
	cookies []*http.Cookie
}

// newParty discovers the issuer. Every check that the library can do is on.
func newParty(d *desk, c *http.Client) *party {
	d.Helper()
	p := &party{desk: d, nonce: rand.Text()}
	key := []byte(rand.Text() + rand.Text())[:32]
	relying, err := rp.NewRelyingPartyOIDC(d.Context(), issuer, clientID, "", "http://127.0.0.1:49152/done", []string{oidc.ScopeOpenID, oidc.ScopeProfile},
		rp.WithHTTPClient(c),
		rp.WithPKCEFromDiscovery(httphelper.NewCookieHandler(key, key)),
		rp.WithSigningAlgsFromDiscovery(),
		rp.WithVerifierOpts(
			rp.WithIssuedAtMaxAge(time.Minute),
			rp.WithAuthTimeMaxAge(time.Minute),
			rp.WithNonce(func(ctx context.Context) string { nonce, _ := ctx.Value(nonceKey{}).(string); return nonce }),
		),
	)
	if err != nil {
		d.Fatal(err)
	}
	if !relying.IsPKCE() {
		d.Fatal("the metadata does not make the library use PKCE")
	}
	p.RelyingParty = relying
	return p
}

// start asks the app for the authorization link.
func (p *party) start() (link string) {
	p.Helper()
	w := httptest.NewRecorder()
	handler := rp.AuthURLHandler(rand.Text, p, rp.WithURLParam("nonce", p.nonce))
	handler(w, httptest.NewRequest(http.MethodGet, "https://app.example/login", nil))
	p.cookies = w.Result().Cookies()
	return w.Header().Get("Location")
}

// finish brings the redirect to the app. The tokens are nil if it refuses.
func (p *party) finish(redirect *url.URL) (tokens zitadelTokens, info *oidc.UserInfo, w *httptest.ResponseRecorder) {
	p.Helper()
	done := func(_ http.ResponseWriter, _ *http.Request, t zitadelTokens, _ string, _ rp.RelyingParty, i *oidc.UserInfo) {
		tokens, info = t, i
	}
	r := httptest.NewRequest(http.MethodGet, redirect.String(), nil)
	for _, cookie := range p.cookies {
		r.AddCookie(cookie)
	}
	w = httptest.NewRecorder()
	rp.CodeExchangeHandler(rp.UserinfoCallback(done), p)(w, r.WithContext(p.expecting()))
	return tokens, info, w
}

func (p *party) expecting() context.Context {
	return context.WithValue(p.Context(), nonceKey{}, p.nonce)
}

func (p *party) login() zitadelTokens {
	p.Helper()
	tokens, info, w := p.finish(p.accept(p.start()))
	if tokens == nil {
		p.Fatalf("the app answers %d %s", w.Code, w.Body)
	}
	if info.Subject != tokens.IDTokenClaims.Subject || info.Name != "Amina" || info.PreferredUsername != "amina" {
		p.Errorf("userinfo is %+v", info)
	}
	return tokens
}

// TestZitadel goes through all steps with github.com/zitadel/oidc: the relying
// party for the client, the resource server for the API app.
func TestZitadel(t *testing.T) {
	eachWire(t, func(d *desk, c *http.Client) {
		p := newParty(d, c)
		api, err := rs.NewResourceServerClientCredentials(d.Context(), issuer, apiID, d.secret, rs.WithClient(c))
		if err != nil {
			d.Fatal(err)
		}
		tokens := p.login()
		p.active(api, tokens.AccessToken, tokens.IDTokenClaims.Subject)

		// The ID token of a refresh has no nonce (OpenID Connect Core section 12.2).
		fresh, err := rp.RefreshTokens[*oidc.IDTokenClaims](d.Context(), p, tokens.RefreshToken, "", "")
		if err != nil {
			d.Fatal(err)
		}
		p.active(api, fresh.AccessToken, tokens.IDTokenClaims.Subject)

		if err := rp.RevokeToken(d.Context(), p, fresh.RefreshToken, "refresh_token"); err != nil {
			d.Fatal(err)
		}
		p.ended(api, fresh)
	})
}

// active expects the API app to be told whose token it is.
func (p *party) active(api rs.ResourceServer, token, subject string) {
	p.Helper()
	answer, err := rs.Introspect[*oidc.IntrospectionResponse](p.Context(), api, token)
	if err != nil {
		p.Fatal(err)
	}
	if !answer.Active || answer.Subject != subject || answer.ClientID != clientID || answer.Issuer != issuer || answer.TokenType != oidc.BearerToken || time.Until(answer.Expiration.AsTime()) <= 0 {
		p.Errorf("introspection says %+v", answer)
	}
}

// ended expects that nothing of a login is left.
func (p *party) ended(api rs.ResourceServer, tokens zitadelTokens) {
	p.Helper()
	answer, err := rs.Introspect[*oidc.IntrospectionResponse](p.Context(), api, tokens.AccessToken)
	if err != nil || answer.Active || answer.Subject != "" {
		p.Errorf("introspection says %+v, %v", answer, err)
	}
	if info, err := rp.Userinfo[*oidc.UserInfo](p.Context(), tokens.AccessToken, oidc.BearerToken, tokens.IDTokenClaims.GetSubject(), p); err == nil {
		p.Errorf("userinfo says %+v", info)
	}
	if fresh, err := rp.RefreshTokens[*oidc.IDTokenClaims](p.Context(), p, tokens.RefreshToken, "", ""); err == nil {
		p.Errorf("refreshing gives %+v", fresh)
	}
}

// TestZitadelIntrospectsAsAnAPIAppAlone: a wrong secret learns nothing.
func TestZitadelIntrospectsAsAnAPIAppAlone(t *testing.T) {
	d := newDesk(t)
	c := d.client(d.stream)
	tokens := newParty(d, c).login()
	for id, secret := range map[string]string{apiID: "wrong", clientID: ""} {
		stranger, err := rs.NewResourceServerClientCredentials(t.Context(), issuer, id, secret, rs.WithClient(c))
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := rs.Introspect[*oidc.IntrospectionResponse](t.Context(), stranger, tokens.AccessToken); err == nil {
			t.Errorf("introspection tells %s: %+v", id, answer)
		}
	}
}

// TestZitadelRefuses has what the relying party must notice by itself.
func TestZitadelRefuses(t *testing.T) {
	d := newDesk(t)
	c := d.client(d.stream)
	set := func(name, value string) func(*party, *url.URL) {
		return func(_ *party, redirect *url.URL) {
			query := redirect.Query()
			query.Set(name, value)
			redirect.RawQuery = query.Encode()
		}
	}
	for name, test := range map[string]struct {
		spoil  func(*party, *url.URL)
		reason string
	}{
		"another state": {set("state", rand.Text()), "failed to get state"},
		"another code":  {set("code", oauth2.GenerateVerifier()), "invalid_grant"},
		"another nonce": {func(p *party, _ *url.URL) { p.nonce = rand.Text() }, "nonce does not match"},
	} {
		t.Run(name, func(t *testing.T) {
			d := *d
			d.T = t
			p := newParty(&d, c)
			redirect := d.accept(p.start())
			test.spoil(p, redirect)
			tokens, _, w := p.finish(redirect)
			if tokens != nil || w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), test.reason) {
				t.Errorf("the app answers %d %s", w.Code, w.Body)
			}
		})
	}
}

// TestZitadelIsToldOfADenial: the error response reaches the app's error handler.
func TestZitadelIsToldOfADenial(t *testing.T) {
	d := newDesk(t)
	p := newParty(d, d.client(d.stream))
	tokens, _, w := p.finish(d.deny(p.start()))
	if said := w.Body.String(); tokens != nil || said != "access_denied: the person said no\n" {
		t.Errorf("the app says %q", said)
	}
}
