package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/offlineauth/offlineauth/store"
)

// clientMetadata is how an app describes itself (RFC 7591 section 2). What is not
// here is ignored, as section 2 says: nothing here fetches a logo or a policy.
type clientMetadata struct {
	RedirectURIs  []string `json:"redirect_uris"`
	Name          string   `json:"client_name,omitempty"`
	Scope         string   `json:"scope,omitempty"`
	GrantTypes    []string `json:"grant_types,omitempty"`
	ResponseTypes []string `json:"response_types,omitempty"`
	TokenAuth     string   `json:"token_endpoint_auth_method,omitempty"`

	// An update names the client it is for (RFC 7592 section 2.2).
	ClientID string `json:"client_id,omitempty"`
}

// clientInformation is the answer (RFC 7591 section 3.2.1, RFC 7592 section 3).
type clientInformation struct {
	clientMetadata
	IssuedAt int64  `json:"client_id_issued_at,omitempty"`
	Token    string `json:"registration_access_token"`
	URI      string `json:"registration_client_uri"`
}

// Bounds of a registration by an app.
const (
	maxOwnURIs = 8
	maxOwnName = 100 // characters
)

func readMetadata(w http.ResponseWriter, r *http.Request) (m clientMetadata, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return m, refusef("invalid_client_metadata", "send the metadata as application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	if err := d.Decode(&m); err != nil {
		return m, &Error{Code: "invalid_client_metadata", Description: "the body is not a JSON object of at most 64 KiB with the metadata of RFC 7591", Cause: err}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, refusef("invalid_client_metadata", "something follows the JSON object")
	}
	return m, m.check()
}

// check refuses what could not be served to the app as it asks for it.
func (m clientMetadata) check() error {
	switch {
	case len(m.RedirectURIs) == 0 || len(m.RedirectURIs) > maxOwnURIs:
		return refusef("invalid_redirect_uri", "an app has 1 to %d redirect URIs", maxOwnURIs)
	case utf8.RuneCountInString(m.Name) > maxOwnName:
		return refusef("invalid_client_metadata", "client_name is longer than %d characters", maxOwnName)
	case m.TokenAuth != "" && m.TokenAuth != "none":
		return refusef("invalid_client_metadata", "token_endpoint_auth_method is not none; the operating system vouches for an app, not a secret")
	}
	return errors.Join(subset("grant_types", m.GrantTypes, grantTypes), subset("response_types", m.ResponseTypes, responseTypes))
}

func subset(name string, asked, supported []string) error {
	for _, value := range asked {
		if !slices.Contains(supported, value) {
			return refusef("invalid_client_metadata", "%s has %.40q; supported are %s", name, value, strings.Join(supported, ", "))
		}
	}
	return nil
}

// registrationOf is the registration an app asks for: bound to the app.
func (s *Server) registrationOf(m clientMetadata, id, identity string) Registration {
	scopes := strings.Fields(m.Scope)
	if len(scopes) == 0 { // RFC 7591 section 2 leaves the default to the server
		for _, scope := range DefaultScopes() {
			if s.KnowsScope(scope.Name) {
				scopes = append(scopes, scope.Name)
			}
		}
	}
	return Registration{ID: id, Name: m.Name, RedirectURIs: m.RedirectURIs, Scopes: scopes, Identities: []string{identity}}
}

func (s *Server) information(c store.Client, token string) clientInformation {
	return clientInformation{
		clientMetadata: clientMetadata{
			ClientID:      c.ID,
			RedirectURIs:  c.RedirectURIs,
			Name:          c.Name,
			Scope:         strings.Join(c.Scopes, " "),
			GrantTypes:    grantTypes,
			ResponseTypes: responseTypes,
			TokenAuth:     "none",
		},
		IssuedAt: c.CreatedAt.Unix(),
		Token:    token,
		URI:      fmt.Sprintf("%s%s/%s", s.issuer, pathRegister, c.ID),
	}
}
