package interop

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// endpoint is the issuer's, as its documentation says: this library has no discovery.
var endpoint = oauth2.Endpoint{AuthURL: issuer + "/authorize", TokenURL: issuer + "/token"}

// TestXOAuth2 has a step for all that golang.org/x/oauth2 does: it neither
// discovers, nor revokes, nor introspects, and knows no ID token.
func TestXOAuth2(t *testing.T) {
	eachWire(t, func(d *desk, c *http.Client) {
		for name, style := range map[string]oauth2.AuthStyle{"detect": oauth2.AuthStyleAutoDetect, "body": oauth2.AuthStyleInParams, "header": oauth2.AuthStyleInHeader} {
			d.Run(name, func(t *testing.T) {
				d := *d
				d.T = t
				config := &oauth2.Config{ClientID: clientID, Endpoint: endpoint, RedirectURL: appRedirect, Scopes: []string{"openid", "profile"}}
				config.Endpoint.AuthStyle = style
				ctx := context.WithValue(t.Context(), oauth2.HTTPClient, c)

				token := d.login(ctx, config)
				d.reads(config.Client(ctx, token))
				d.refreshes(ctx, config, token)
			})
		}
	})
}

// login takes a code, redeems it, and shows that it cannot be redeemed again.
func (d *desk) login(ctx context.Context, config *oauth2.Config) *oauth2.Token {
	d.Helper()
	state, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	link := config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
	code := d.code(d.accept(link), state)

	_, err := config.Exchange(ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	d.refused("invalid_grant", err)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		d.Fatal(err)
	}
	if !token.Valid() || token.Type() != "Bearer" || token.RefreshToken == "" || time.Until(token.Expiry) <= 0 {
		d.Fatalf("the token is %+v", token)
	}
	return token
}

// reads gets userinfo through a client that carries the token by itself.
func (d *desk) reads(c *http.Client) {
	d.Helper()
	response, err := c.Get(issuer + "/userinfo")
	var info struct {
		Sub      string `json:"sub"`
		Username string `json:"preferred_username"`
	}
	if err := json.Unmarshal(d.body(http.StatusOK, response, err), &info); err != nil || info.Sub == "" || info.Username != "amina" {
		d.Fatalf("userinfo is %+v, %v", info, err)
	}
}

// refreshes lets the library find the token expired.
func (d *desk) refreshes(ctx context.Context, config *oauth2.Config, token *oauth2.Token) {
	d.Helper()
	expired := *token
	expired.Expiry = time.Now().Add(-time.Second)
	fresh, err := config.TokenSource(ctx, &expired).Token()
	if err != nil {
		d.Fatal(err)
	}
	if fresh.AccessToken == token.AccessToken || fresh.RefreshToken == token.RefreshToken || fresh.RefreshToken == "" {
		d.Fatalf("the refresh gave %+v", fresh)
	}
	d.reads(config.Client(ctx, fresh))
	expired.RefreshToken = "unknown"
	_, err = config.TokenSource(ctx, &expired).Token()
	d.refused("invalid_grant", err)
}

// refused expects the error response as the library parsed it (RFC 6749 section 5.2).
func (d *desk) refused(code string, err error) {
	d.Helper()
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) || refusal.ErrorCode != code || refusal.ErrorDescription == "" {
		d.Fatalf("the refusal is %v, want %s", err, code)
	}
}
