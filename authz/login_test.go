package authz_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestLogin(t *testing.T) {
	d := newDesk(t)
	response := d.approve(link(nil))
	if response.State == nil || *response.State != "state-of-the-client" || response.Issuer != issuer || response.IPCService != mathsService {
		t.Errorf("redirect %+v", response)
	}
	tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(response.Code)))
	if tokens.text("token_type") != "Bearer" || tokens.text("scope") != "openid profile" {
		t.Errorf("tokens %v", tokens.body)
	}
	if got := tokens.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	token, err := d.server.Introspect(t.Context(), tokens.text("access_token"))
	if err != nil {
		t.Fatal(err)
	}
	if token.Subject != d.account.ID || token.ClientID != "maths" || strings.Join(token.Scopes, " ") != "openid profile" || token.Audience[0] != issuer || token.App != "" {
		t.Errorf("token %+v", token)
	}
	if life := time.Until(token.ExpiresAt).Round(10 * time.Second); life != 10*time.Minute {
		t.Errorf("the access token lives %s", life)
	}
}

func TestLoginIsTwoCommits(t *testing.T) {
	d := newDesk(t)
	before := d.store.Commits()
	tokens := d.login()
	if got := d.store.Commits() - before; got != 2 {
		t.Errorf("a login took %d commits", got)
	}
	before = d.store.Commits()
	tokens = d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token"))))
	if got := d.store.Commits() - before; got != 1 {
		t.Errorf("a refresh took %d commits", got)
	}
	before = d.store.Commits()
	d.live(tokens.text("access_token"))
	d.post("/token", refreshForm("unknown"))
	if got := d.store.Commits() - before; got != 0 {
		t.Errorf("an introspection and a refused refresh took %d commits", got)
	}
}

func TestIDToken(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	claims := jwt.MapClaims{}
	token, _, err := jwt.NewParser().ParseUnverified(tokens.text("id_token"), claims)
	if err != nil {
		t.Fatal(err)
	}
	if token.Header["alg"] != "ES256" || token.Header["kid"] == nil {
		t.Errorf("header %v", token.Header)
	}
	audience, _ := claims.GetAudience()
	if claims["iss"] != issuer || claims["sub"] != d.account.ID || len(audience) != 1 || audience[0] != "maths" || claims["nonce"] != "nonce-of-the-client" || claims["at_hash"] == nil || claims["auth_time"] == nil {
		t.Errorf("claims %v", claims)
	}
	if d.live(tokens.text("id_token")) {
		t.Error("an ID token passes for an access token")
	}
	refreshed := d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token"))))
	claims = jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(refreshed.text("id_token"), claims); err != nil {
		t.Fatal(err)
	}
	if claims["nonce"] != nil || claims["sub"] != d.account.ID {
		t.Errorf("claims after a refresh %v", claims)
	}
}
