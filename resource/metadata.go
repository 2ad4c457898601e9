package resource

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose"
)

// wellKnown is put between host and path of a resource (RFC 9728 section 3).
const wellKnown = "/.well-known/oauth-protected-resource"

// Metadata describes an API to those who want to use it (RFC 9728 section 2). It is
// an http.Handler: serve it at [Metadata.Path], without a guard, and give its
// [Metadata.URL] to the guard, which names it in its answers.
type Metadata struct {
	Resource string         // resource identifier, an https URL
	Issuers  []string       // authorization servers whose tokens are taken
	Scopes   []string       // scopes that are of use here; nil leaves them out
	Name     string         // for a person to read; "" leaves it out
	Service  ipcapi.Service // where the API is reached without a network; a hint, to be verified
}

// document is the metadata as JSON. ipc_service is a member of this profile.
type document struct {
	Resource        string   `json:"resource"`
	Issuers         []string `json:"authorization_servers,omitempty"`
	Scopes          []string `json:"scopes_supported,omitempty"`
	Methods         []string `json:"bearer_methods_supported"`
	Name            string   `json:"resource_name,omitempty"`
	ProofAlgorithms []string `json:"dpop_signing_alg_values_supported"`
	Service         string   `json:"ipc_service,omitempty"`
}

// Path is where the metadata are served, as a path of the resource's origin.
func (m Metadata) Path() string {
	u, err := url.Parse(m.Resource)
	if err != nil {
		return wellKnown
	}
	return wellKnown + strings.TrimSuffix(u.EscapedPath(), "/")
}

// URL is where clients find the metadata; "" if the resource is no URL.
func (m Metadata) URL() string {
	u, err := url.Parse(m.Resource)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return "https://" + u.Host + m.Path()
}

func (m Metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document{ // the peer may be gone
		Resource:        m.Resource,
		Issuers:         m.Issuers,
		Scopes:          m.Scopes,
		Methods:         []string{"header"},
		Name:            m.Name,
		ProofAlgorithms: jose.Algorithms(),
		Service:         m.Service.String(),
	})
}
