package interop

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TestGoOIDC has a step for all that github.com/coreos/go-oidc does: it neither
// revokes nor introspects, and takes its tokens from golang.org/x/oauth2.
func TestGoOIDC(t *testing.T) {
	eachWire(t, func(d *desk, c *http.Client) {
		ctx := oidc.ClientContext(d.Context(), c)
		provider, err := oidc.NewProvider(ctx, issuer)
		if err != nil {
			d.Fatal(err)
		}
		config := &oauth2.Config{ClientID: clientID, Endpoint: provider.Endpoint(), RedirectURL: appRedirect, Scopes: []string{oidc.ScopeOpenID, "profile"}}

		token, nonce := d.nonceLogin(ctx, config)
		id := d.verifies(ctx, provider, token)
		if id.Nonce != nonce {
			d.Errorf("the nonce is %q, want %q", id.Nonce, nonce)
		}
		source := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken})
		fresh, err := source.Token()
		if err != nil {
			d.Fatal(err)
		}
		if again := d.verifies(ctx, provider, fresh); again.Subject != id.Subject {
			d.Errorf("the refreshed ID token is about %q, want %q", again.Subject, id.Subject)
		}
		d.userinfo(ctx, provider, source, id.Subject)
	})
}

// nonceLogin logs in with a nonce, which the library leaves to its caller to check.
func (d *desk) nonceLogin(ctx context.Context, config *oauth2.Config) (token *oauth2.Token, nonce string) {
	d.Helper()
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	link := config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	token, err := config.Exchange(ctx, d.code(d.accept(link), state), oauth2.VerifierOption(verifier))
	if err != nil {
		d.Fatal(err)
	}
	return token, nonce
}

// verifies checks the ID token with the issuer's keys, for this client and no other.
func (d *desk) verifies(ctx context.Context, provider *oidc.Provider, token *oauth2.Token) *oidc.IDToken {
	d.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: clientID}).Verify(ctx, raw)
	if err != nil {
		d.Fatalf("the ID token %q: %v", raw, err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		d.Errorf("at_hash: %v", err)
	}
	if id.VerifyAccessToken(token.AccessToken+"x") == nil {
		d.Error("at_hash fits another access token")
	}
	if _, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: "another"}).Verify(ctx, raw); err == nil {
		d.Error("the ID token is taken by another client")
	}
	return id
}

func (d *desk) userinfo(ctx context.Context, provider *oidc.Provider, source oauth2.TokenSource, subject string) {
	d.Helper()
	info, err := provider.UserInfo(ctx, source)
	if err != nil {
		d.Fatal(err)
	}
	var profile struct {
		Name     string `json:"name"`
		Username string `json:"preferred_username"`
	}
	if err := info.Claims(&profile); err != nil || info.Subject != subject || profile.Name != "Amina" || profile.Username != "amina" {
		d.Errorf("userinfo is %+v about %q, %v", profile, info.Subject, err)
	}
}

// TestGoOIDCRefusesAnotherIssuer: the issuer in the document must be the one that
// was asked for, to the last character (OpenID Connect Discovery section 4.3).
func TestGoOIDCRefusesAnotherIssuer(t *testing.T) {
	d := newDesk(t)
	ctx := oidc.ClientContext(t.Context(), d.client(d.stream))
	_, err := oidc.NewProvider(ctx, issuer+"/")
	var mismatch *oidc.IssuerMismatchError
	if !errors.As(err, &mismatch) {
		t.Errorf("the error is %v", err)
	}
}
