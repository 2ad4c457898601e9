package offlineauth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/resource"
)

// An API is a REST API served below the issuer.
type API struct {
	Path    string // below the issuer, as in http.ServeMux without a method: "/notes/"
	Scope   string // the scope a token must have; it must be one of Config.Scopes
	Handler http.Handler
}

// reserved are the first segments of the issuer's own paths. An API there would
// hide an endpoint, or pass for the person's side.
var reserved = []string{"", ".well-known", "authorize", "par", "token", "revoke", "introspect", "jwks", "register", "userinfo", "launch", "person"}

// mount serves api behind the guard.
func (s *Server) mount(mux *http.ServeMux, base string, api API) error {
	path, rooted := strings.CutPrefix(api.Path, "/")
	first, _, _ := strings.Cut(path, "/")
	switch {
	case !rooted || api.Handler == nil:
		return errors.New("it needs a path that begins with / and a handler")
	case slices.Contains(reserved, first) || strings.HasPrefix(first, "{"):
		return errors.New("the path is the issuer's own; begin it with a name of the API")
	case !s.auth.KnowsScope(api.Scope):
		return fmt.Errorf("no token can have the scope %q; add it to Config.Scopes", api.Scope)
	}
	return handle(mux, base+api.Path, s.guard.Require(api.Scope, api.Handler))
}

// handle returns what [http.ServeMux.Handle] panics with: the pattern is an
// app maker's configuration, and deserves an error.
func handle(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

// description is the issuer as an API (RFC 9728): userinfo, and what is mounted.
func description(cfg Config) resource.Metadata {
	scopes := cfg.Scopes
	if scopes == nil {
		scopes = authz.DefaultScopes()
	}
	described := resource.Metadata{Resource: cfg.Issuer, Issuers: []string{cfg.Issuer}, Service: cfg.Services}
	for _, scope := range scopes {
		described.Scopes = append(described.Scopes, scope.Name)
	}
	return described
}
