package authz

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// Config says what a [Server] serves. Issuer and Store are required.
type Config struct {
	// Issuer is the issuer identifier (RFC 8414 section 2): an https URL without
	// query or fragment. All endpoints are below it.
	Issuer string

	// CustomScheme is a private-use scheme whose links open the authorization
	// app too, such as "com.example.auth"; empty for none.
	CustomScheme string

	// Store keeps clients, accounts, grants and tokens. The server does not close it.
	Store *store.Store

	// Services is the `ipc-service` value put in redirects: where this server
	// can be reached without a network. Nil leaves the parameter out.
	Services ipcapi.Service

	// Scopes are what clients may ask for, in the order a page shows them;
	// [DefaultScopes] if nil.
	Scopes []Scope

	// SigningAlgorithm of tokens, "ES256" or "EdDSA". If empty, the one that the
	// present key is for, and ES256 at first.
	SigningAlgorithm string

	// Lifetimes of what the server issues; each zero field has a default.
	Lifetimes Lifetimes

	// Claimants, if not nil, says which apps the operating system lets receive a
	// redirect URI, by their identities; none if it does not know. An app that
	// registers itself is refused a URI that is claimed by others alone.
	Claimants func(ctx context.Context, redirectURI string) (identities []string, err error)

	// Logger gets every refusal with its cause and caller; slog.Default if nil.
	Logger *slog.Logger
}

// A Scope is one permission a client can ask for.
type Scope struct {
	Name        string // as in the scope parameter (RFC 6749 section 3.3)
	Description string // a sentence for the person who decides
}

// DefaultScopes returns the scopes of OpenID Connect that userinfo serves.
func DefaultScopes() []Scope {
	return []Scope{
		{Name: "openid", Description: "Know that it is you"},
		{Name: "profile", Description: "See your name and username"},
		{Name: "offline_access", Description: "Stay signed in until you remove it"},
	}
}

// Lifetimes of what a [Server] issues.
type Lifetimes struct {
	Interaction  time.Duration // an undecided request; 10 minutes
	Code         time.Duration // 60 seconds
	AccessToken  time.Duration // 10 minutes
	IDToken      time.Duration // 1 hour
	RefreshIdle  time.Duration // a refresh token nobody uses; 90 days
	RefreshTotal time.Duration // an authorization, however often refreshed; 2 years
	SigningKey   time.Duration // a key, before the next takes its place; 90 days
	Launch       time.Duration // the credentials of a launched lesson; 8 hours
}

func (l Lifetimes) withDefaults() Lifetimes {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.Interaction, 10 * time.Minute},
		{&l.Code, time.Minute},
		{&l.AccessToken, 10 * time.Minute},
		{&l.IDToken, time.Hour},
		{&l.RefreshIdle, 90 * 24 * time.Hour},
		{&l.RefreshTotal, 2 * 365 * 24 * time.Hour},
		{&l.SigningKey, 90 * 24 * time.Hour},
		{&l.Launch, 8 * time.Hour},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return l
}

// A Server is the authorization server of one issuer. It is safe for
// concurrent use.
type Server struct {
	issuer    string
	endpoint  linkhandler.Endpoint
	custom    string // scheme
	claimants func(context.Context, string) ([]string, error)
	store     *store.Store
	services  ipcapi.Service
	scopes    []Scope
	lifetimes Lifetimes
	algorithm string // of signatures, as configured
	keys      *keyring
	seen      seenTokens
	proofs    dpop.Verifier
	provider  *fosite.Fosite
	hasher    hasher
	log       *slog.Logger
}

// New makes the server of cfg.Issuer. On an empty store it creates the signing
// key; on any other it opens those there are.
func New(ctx context.Context, cfg Config) (*Server, error) {
	for _, scope := range cfg.Scopes {
		if !isScopeName(scope.Name) {
			return nil, fmt.Errorf("the scope %q is no name of one (RFC 6749 section 3.3)", scope.Name)
		}
	}
	endpoint, err := linkhandler.NewEndpoint(cfg.Issuer, cfg.CustomScheme)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	keys, err := openKeyring(ctx, cfg.Store, cfg.SigningAlgorithm)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	s := &Server{
		issuer:    cfg.Issuer,
		endpoint:  endpoint,
		custom:    cfg.CustomScheme,
		claimants: cfg.Claimants,
		store:     cfg.Store,
		services:  cfg.Services,
		scopes:    cfg.Scopes,
		lifetimes: cfg.Lifetimes.withDefaults(),
		algorithm: cfg.SigningAlgorithm,
		keys:      keys,
		log:       cfg.Logger,
		hasher:    newHasher(),
	}
	if s.scopes == nil {
		s.scopes = DefaultScopes()
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.provider = newProvider(s)
	if err := s.Maintain(ctx); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return s, nil
}

// Issuer returns the issuer identifier.
func (s *Server) Issuer() string { return s.issuer }

// isScopeName reports whether s is a scope-token (RFC 6749 section 3.3).
func isScopeName(s string) bool {
	foreign := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	return s != "" && !strings.ContainsFunc(s, foreign)
}

// Scopes returns what clients may ask for.
func (s *Server) Scopes() []Scope { return slices.Clone(s.scopes) }

// KnowsScope reports whether clients may ask for the scope.
func (s *Server) KnowsScope(name string) bool {
	return slices.ContainsFunc(s.scopes, func(known Scope) bool { return known.Name == name })
}
