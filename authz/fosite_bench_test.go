package authz_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	fositestore "github.com/ory/fosite/storage"
	fositejwt "github.com/ory/fosite/token/jwt"
)

// bareLogin is a login as fosite alone does it, as it is shipped: with its store
// in memory and RS256. Nothing of it is durable.
func bareLogin(tb testing.TB) (login func()) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	st := fositestore.NewMemoryStore()
	st.Clients["maths"] = &fosite.DefaultClient{ID: "maths", Public: true, RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "offline"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"}}
	provider := compose.ComposeAllEnabled(&fosite.Config{GlobalSecret: []byte(strings.Repeat("s", 32))}, st, key)
	session := func() *openid.DefaultSession {
		return &openid.DefaultSession{Claims: &fositejwt.IDTokenClaims{Issuer: issuer, Subject: "amina", RequestedAt: time.Now(), AuthTime: time.Now()}, Headers: &fositejwt.Headers{}, Subject: "amina"}
	}
	query := url.Values{"client_id": {"maths"}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid offline"}, "state": {"state-of-the-client"},
		"nonce": {"nonce-of-the-client"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	return func() {
		ctx := tb.Context()
		link, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/authorize?"+query.Encode(), nil)
		if err != nil {
			tb.Fatal(err)
		}
		request, err := provider.NewAuthorizeRequest(ctx, link)
		if err != nil {
			tb.Fatal(fosite.ErrorToRFC6749Error(err).WithExposeDebug(true).GetDescription())
		}
		request.GrantScope("openid")
		request.GrantScope("offline")
		response, err := provider.NewAuthorizeResponse(ctx, request, session())
		if err != nil {
			tb.Fatal(fosite.ErrorToRFC6749Error(err).WithExposeDebug(true).GetDescription())
		}
		access, err := provider.NewAccessRequest(ctx, benchRequest(tb, ctx, "/token", codeForm(response.GetCode())), session())
		if err != nil {
			tb.Fatal(fosite.ErrorToRFC6749Error(err).WithExposeDebug(true).GetDescription())
		}
		if _, err := provider.NewAccessResponse(ctx, access); err != nil {
			tb.Fatal(fosite.ErrorToRFC6749Error(err).WithExposeDebug(true).GetDescription())
		}
	}
}
