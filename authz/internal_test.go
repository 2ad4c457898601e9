package authz

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/storetest"
)

func newTestServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(t.Context(), Config{Issuer: "https://auth.example", Store: storetest.Open(t), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Register(t.Context(), Registration{ID: "maths", RedirectURIs: []string{"com.example.maths:/done"}, Scopes: []string{"openid"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// breakingHandler writes and then panics, as a bug in a handler would.
type breakingHandler struct{ s *Server }

func (breakingHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return true }
func (breakingHandler) CanHandleTokenEndpointRequest(context.Context, fosite.AccessRequester) bool {
	return true
}
func (breakingHandler) PopulateTokenEndpointResponse(context.Context, fosite.AccessRequester, fosite.AccessResponder) error {
	return nil
}
func (h breakingHandler) HandleTokenEndpointRequest(ctx context.Context, _ fosite.AccessRequester) error {
	if err := h.s.store.Clients.Put(ctx, store.Client{ID: "half-written"}); err != nil {
		return err
	}
	panic("a bug")
}

func TestSharpEdge02APanicLeavesNothingAndBlocksNobody(t *testing.T) {
	s := newTestServer(t)
	config := s.provider.Config.(*fosite.Config)
	handlers := config.TokenEndpointHandlers
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{breakingHandler{s}}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://auth.example/token", strings.NewReader("grant_type=refresh_token&client_id=maths&refresh_token=any"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}()
	config.TokenEndpointHandlers = handlers
	if _, err := s.store.Clients.Get(t.Context(), "half-written"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("half of the request stayed: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.AddAccount(ctx, "amina", ""); err != nil {
		t.Errorf("the writer is blocked: %v", err)
	}
}

func TestSharpEdge06RevocationBringsNoSession(t *testing.T) {
	s := newTestServer(t)
	x := &exchange{client: store.Client{ID: "maths"}, authorization: &store.Authorization{ID: "login", AccountID: "amina"}}
	request := storage{s}.request(x, nil)
	if got := request.GetSession().GetSubject(); got != "amina" {
		t.Errorf("subject %q", got)
	}
}

func TestSharpEdge07SessionsAreClonedWhole(t *testing.T) {
	original := newSession()
	original.hydrate(store.Authorization{ID: "login", AccountID: "amina"})
	original.SetExpiresAt(fosite.RefreshToken, time.Unix(1, 0))
	clone := original.Clone().(*session)
	if clone.GetSubject() != "amina" || clone.authorization.ID != "login" || !clone.GetExpiresAt(fosite.RefreshToken).Equal(time.Unix(1, 0)) || clone.IDTokenClaims().Subject != "amina" {
		t.Errorf("clone %+v", clone)
	}
	clone.SetExpiresAt(fosite.RefreshToken, time.Unix(2, 0))
	clone.IDTokenClaims().Subject = "karim"
	if !original.GetExpiresAt(fosite.RefreshToken).Equal(time.Unix(1, 0)) || original.IDTokenClaims().Subject != "amina" {
		t.Error("the original changed with its clone")
	}
}

func TestSharpEdge08WhatTheCodeIsBoundToIsStoredWithIt(t *testing.T) {
	s := newTestServer(t)
	code := &store.Code{RedirectURI: "com.example.maths:/done", Challenge: "challenge"}
	x := &exchange{client: store.Client{ID: "maths"}, code: code, authorization: &store.Authorization{Nonce: "nonce"}}
	form := storage{s}.codeRequest(x, newSession()).GetRequestForm()
	for name, want := range map[string]string{"redirect_uri": code.RedirectURI, "code_challenge": "challenge", "code_challenge_method": "S256", "nonce": "nonce"} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// TestSharpEdge19TheConfigurationIsComplete: what is missing in it fosite sets when a
// request asks for it, while others read it.
func TestSharpEdge19TheConfigurationIsComplete(t *testing.T) {
	s := newTestServer(t)
	for name, missing := range map[string]func(*fosite.Config) bool{
		"scope strategy":    func(c *fosite.Config) bool { return c.ScopeStrategy == nil },
		"audience strategy": func(c *fosite.Config) bool { return c.AudienceMatchingStrategy == nil },
		// Instead of the hasher of secrets and what fetches the keys of clients.
		"client authentication": func(c *fosite.Config) bool { return c.ClientAuthenticationStrategy == nil },
	} {
		if missing(newProviderConfig(s)) {
			t.Errorf("the %s is left to fosite", name)
		}
	}
}

func TestHydratingTwiceKeepsTheExpiries(t *testing.T) {
	sess := newSession()
	sess.hydrate(store.Authorization{AccountID: "amina"})
	sess.SetExpiresAt(fosite.AccessToken, time.Unix(1, 0))
	sess.hydrate(store.Authorization{AccountID: "amina"})
	if !sess.GetExpiresAt(fosite.AccessToken).Equal(time.Unix(1, 0)) {
		t.Error("the expiry was lost")
	}
}

func signed(keys *keyring, claims jwt.Claims, typ string) (string, error) {
	d, err := keys.draft(claims, typ)
	if err != nil {
		return "", err
	}
	return d.sign()
}

// TestATokenThatCannotBeSigned: nothing unsigned is given away.
func TestATokenThatCannotBeSigned(t *testing.T) {
	s := newTestServer(t)
	access, err := s.keys.draft(accessClaims{Session: "login"}, accessTokenType)
	if err != nil {
		t.Fatal(err)
	}
	broken := *access.by
	broken.signer = nil
	access.by = &broken
	answer := tokenResponse{AccessToken: unsigned}
	if err := s.sign(&exchange{access: access}, &answer); err == nil || answer.AccessToken != "" {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestTheTypeKeepsOtherTokensOfOursApart(t *testing.T) {
	s := newTestServer(t)
	claims := accessClaims{Session: "login", RegisteredClaims: jwt.RegisteredClaims{Issuer: s.issuer, IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}}
	for typ, accepted := range map[string]bool{accessTokenType: true, idTokenType: false, "": false} {
		token, err := signed(s.keys, claims, typ)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.verifyAccessToken(token); (err == nil) != accepted {
			t.Errorf("type %q: %v", typ, err)
		}
	}
}

func TestAccessTokensOfAnotherIssuerOrWithoutAnEnd(t *testing.T) {
	s := newTestServer(t)
	for name, claims := range map[string]jwt.RegisteredClaims{
		"another issuer": {Issuer: "https://elsewhere.example", ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))},
		"no expiry":      {Issuer: s.issuer},
		"expired":        {Issuer: s.issuer, ExpiresAt: jwt.NewNumericDate(time.Now().Add(-time.Second))},
	} {
		token, err := signed(s.keys, accessClaims{RegisteredClaims: claims}, accessTokenType)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.verifyAccessToken(token); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
