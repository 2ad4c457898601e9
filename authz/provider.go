package authz

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
)

// newProvider assembles fosite from exactly the handlers that are wanted: the
// code flow with PKCE, refresh, OpenID Connect on both, and revocation. There is
// no implicit, hybrid, password or client-credentials handler to switch off.
func newProvider(s *Server) *fosite.Fosite {
	var (
		config     = newProviderConfig(s)
		records    = storage{s}
		codes      = codeStrategy{}
		access     = accessTokenStrategy{s}
		refresh    = refreshTokenStrategy{s.keys}
		idTokens   = &openid.IDTokenHandleHelper{IDTokenStrategy: &openid.DefaultStrategy{Signer: signer{s.keys}, Config: config}}
		codeFlow   = &oauth2.AuthorizeExplicitGrantHandler{AccessTokenStrategy: access, RefreshTokenStrategy: refresh, AuthorizeCodeStrategy: codes, CoreStorage: records, TokenRevocationStorage: records, Config: config}
		proofKey   = &pkce.Handler{AuthorizeCodeStrategy: codes, Storage: records, Config: config}
		codeOpenID = &openid.OpenIDConnectExplicitHandler{
			OpenIDConnectRequestStorage:   records,
			OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(signer{s.keys}, config),
			Config:                        config,
			IDTokenHandleHelper:           idTokens,
		}
		refreshFlow   = &oauth2.RefreshTokenGrantHandler{AccessTokenStrategy: access, RefreshTokenStrategy: refresh, TokenRevocationStorage: records, Config: config}
		refreshOpenID = &openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: idTokens, Config: config}
		revocation    = &oauth2.TokenRevocationHandler{TokenRevocationStorage: records, RefreshTokenStrategy: refresh, AccessTokenStrategy: access}
	)
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{codeFlow, codeOpenID, proofKey}
	// The verifier is checked before the code is touched by anything else.
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{codeFlow, proofKey, codeOpenID, refreshFlow, refreshOpenID}
	config.RevocationHandlers = fosite.RevocationHandlers{revocation}
	return fosite.NewOAuth2Provider(records, config)
}

func newProviderConfig(s *Server) *fosite.Config {
	return &fosite.Config{
		AuthorizeCodeLifespan: s.lifetimes.Code,
		AccessTokenLifespan:   s.lifetimes.AccessToken,
		RefreshTokenLifespan:  s.lifetimes.RefreshIdle,
		IDTokenLifespan:       s.lifetimes.IDToken,
		IDTokenIssuer:         s.issuer,
		AccessTokenIssuer:     s.issuer,

		EnforcePKCE:         true,
		RefreshTokenScopes:  []string{}, // every login gets a refresh token: the app may be offline for weeks
		MinParameterEntropy: 1,          // state is optional with PKCE; see authorizeRequest

		// Without these fosite sets them when a request first asks, and races with the next.
		ScopeStrategy:            fosite.ExactScopeStrategy,
		AudienceMatchingStrategy: fosite.DefaultAudienceMatchingStrategy,

		// Redirect URIs were judged by linkhandler, which is stricter than fosite.
		RedirectSecureChecker: func(context.Context, *url.URL) bool { return true },

		// The client was authenticated before the transaction began.
		ClientAuthenticationStrategy: func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
			return fositeClient{Client: exchangeFrom(ctx).client}, nil
		},
	}
}
