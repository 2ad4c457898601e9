package control

import (
	"net/http"

	"github.com/offlineauth/offlineauth"
)

// grants are what people have allowed.
type grants struct{ server *offlineauth.Server }

func (g grants) list(r *http.Request) (any, error) {
	all, err := g.server.Grants(r.Context())
	return convert(all, newGrant), err
}

func (g grants) logins(r *http.Request) (any, error) {
	all, err := g.server.GrantedLogins(r.Context(), r.PathValue("id"))
	return convert(all, newLogin), err
}

// revoke takes back one grant, or those of an account, a client, or both.
func (g grants) revoke(r *http.Request) (any, error) {
	query := r.URL.Query()
	if query.Has("id") {
		return Revoked{1}, g.server.RevokeGrant(r.Context(), query.Get("id"))
	}
	if query.Get("sub") == "" && query.Get("client_id") == "" {
		return nil, malformed("name a grant, an account or a client")
	}
	n, err := g.server.RevokeGrants(r.Context(), query.Get("sub"), query.Get("client_id"))
	return Revoked{n}, err
}
