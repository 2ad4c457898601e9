package authz

import (
	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
)

// fositeClient shows a registered client to fosite.
type fositeClient struct {
	store.Client
	// redirectURI is the one that was requested and has been matched; fosite is
	// told of no other, so its own, looser matching has nothing to add.
	redirectURI string
}

func (c fositeClient) GetID() string                      { return c.ID }
func (c fositeClient) GetHashedSecret() []byte            { return nil }
func (c fositeClient) GetRedirectURIs() []string          { return []string{c.redirectURI} }
func (c fositeClient) GetGrantTypes() fosite.Arguments    { return grantTypes }
func (c fositeClient) GetResponseTypes() fosite.Arguments { return responseTypes }
func (c fositeClient) GetScopes() fosite.Arguments        { return c.Scopes }
func (c fositeClient) IsPublic() bool                     { return c.SecretHash == nil }
func (c fositeClient) GetAudience() fosite.Arguments      { return nil }

var (
	grantTypes    = fosite.Arguments{"authorization_code", "refresh_token"}
	responseTypes = fosite.Arguments{"code"}
)
