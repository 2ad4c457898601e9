package authz

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// A Registration is a client as its maker describes it.
type Registration struct {
	ID           string   // 1 to 100 visible ASCII characters
	Name         string   // what the consent page calls it; the ID if empty
	RedirectURIs []string // RFC 8252 section 7; may be empty for an API app alone
	Scopes       []string // the scopes it may ask for
	Identities   []string // the app identities it may call from; empty for any caller
	Resources    []string // for an API app: the resource identifiers it serves (RFC 8707)
	Secret       bool     // give it a secret to authenticate with

	// TokenLifetime bounds, for an API app, that of access tokens for its resources:
	// one that checks signatures alone wants 5 minutes at most. 0 leaves the server's.
	TokenLifetime time.Duration
}

// Register adds the client, or replaces the one with its ID. The secret is
// returned only here, and only if one was asked for.
func (s *Server) Register(ctx context.Context, r Registration) (store.Client, string, error) {
	if err := s.validate(r); err != nil {
		return store.Client{}, "", &Error{Code: "invalid_client_metadata", Description: err.Error()}
	}
	client := newClient(r)
	var secret string
	if r.Secret {
		secret = randomToken()
		client.SecretHash = tokenHash(secret)
	}
	err := s.store.Do(ctx, func(ctx context.Context) error {
		if err := s.store.Clients.Put(ctx, client); err != nil {
			return err
		}
		return s.record(ctx, eventClientAdded, store.Authorization{ClientID: r.ID}, "")
	})
	if err != nil {
		return store.Client{}, "", err
	}
	return client, secret, nil
}

func newClient(r Registration) store.Client {
	return store.Client{
		ID:           r.ID,
		Name:         cmp.Or(r.Name, r.ID),
		RedirectURIs: r.RedirectURIs,
		Scopes:       r.Scopes,
		Identities:   r.Identities,
		Resources:    r.Resources,
		CreatedAt:    time.Now(),

		TokenLifetime: r.TokenLifetime,
	}
}

func (s *Server) validate(r Registration) error {
	if len(r.ID) == 0 || len(r.ID) > 100 || strings.ContainsFunc(r.ID, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errors.New("a client ID has 1 to 100 visible ASCII characters")
	}
	for _, uri := range r.RedirectURIs {
		if _, err := linkhandler.ParseRedirectURI(uri); err != nil {
			return err
		}
	}
	for _, identity := range r.Identities {
		if err := checkIdentity(identity); err != nil {
			return err
		}
	}
	for _, resource := range r.Resources {
		if u, err := url.Parse(resource); err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			return fmt.Errorf("the resource %q is not an absolute URI without a fragment", resource)
		}
	}
	if len(r.RedirectURIs) == 0 && len(r.Resources) == 0 {
		return errors.New("a client needs a redirect URI; an API app needs a resource")
	}
	if len(r.Resources) > 0 && !r.Secret && len(r.Identities) == 0 {
		return errors.New("an API app needs a secret or an app identity")
	}
	if r.TokenLifetime < 0 || r.TokenLifetime%time.Second != 0 || r.TokenLifetime > 0 && len(r.Resources) == 0 {
		return errors.New("a token lifetime is a number of seconds, for an API app")
	}
	return s.knownScopes(r.Scopes)
}

// checkIdentity refuses what no transport would ever attest, such as a misspelt
// uid: the app could not log in, and nobody would see why.
func checkIdentity(identity string) error {
	if identity == "" { // every caller's whom the system does not know
		return errors.New("an app identity is empty; leave it out to allow any caller")
	}
	system, name, named := strings.Cut(identity, ":")
	if !named || system == "" || strings.TrimSpace(name) == "" {
		return fmt.Errorf("the app identity %q does not say which system names it; write it as in uid:10012", identity)
	}
	if system == "uid" {
		if _, err := strconv.ParseUint(name, 10, 32); err != nil {
			return fmt.Errorf("the app identity %q has no number; write it as in uid:10012", identity)
		}
	}
	return nil
}

func (s *Server) knownScopes(asked []string) error {
	for _, scope := range asked {
		if !s.KnowsScope(scope) {
			return fmt.Errorf("the scope %q is unknown; there are %s", scope, strings.Join(s.metadata().Scopes, ", "))
		}
	}
	return nil
}

// Unregister removes the client and revokes everything granted to it.
func (s *Server) Unregister(ctx context.Context, id string) error {
	return s.store.Do(ctx, func(ctx context.Context) error {
		if _, err := s.store.Clients.Get(ctx, id); err != nil {
			return err
		}
		return s.unregister(ctx, id)
	})
}

func (s *Server) unregister(ctx context.Context, id string) error {
	if err := s.endGrants(ctx, "", id); err != nil {
		return err
	}
	if err := s.store.Clients.Delete(ctx, id); err != nil {
		return err
	}
	return s.record(ctx, eventClientRemoved, store.Authorization{ClientID: id}, "")
}
