package authz

import (
	"net/http"
	"slices"

	"github.com/offlineauth/offlineauth/jose"
)

// metadata describes the server (RFC 8414 section 2, OpenID Connect Discovery
// section 3). Both documents are the same.
type metadata struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Push                  string   `json:"pushed_authorization_request_endpoint"` // RFC 9126 section 5
	Token                 string   `json:"token_endpoint"`
	Revocation            string   `json:"revocation_endpoint"`
	Introspection         string   `json:"introspection_endpoint"`
	Registration          string   `json:"registration_endpoint"` // RFC 7591; for apps that the system knows
	Keys                  string   `json:"jwks_uri"`
	Userinfo              string   `json:"userinfo_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	ProofAlgorithms       []string `json:"dpop_signing_alg_values_supported"` // RFC 9449 section 5.1
	Claims                []string `json:"claims_supported"`
	Prompts               []string `json:"prompt_values_supported"`                        // OpenID Connect Prompt Create 1.0 section 4.1
	IssuerInResponse      bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	RequireRequestURIList bool     `json:"require_request_uri_registration"`
}

func (s *Server) metadata() metadata {
	scopes := make([]string, 0, len(s.scopes))
	for _, scope := range s.scopes {
		scopes = append(scopes, scope.Name)
	}
	authMethods := []string{"none", "client_secret_basic", "client_secret_post"}
	return metadata{
		Issuer:            s.issuer,
		Authorization:     s.endpoint.URL(),
		Push:              s.issuer + pathPush,
		Token:             s.issuer + pathToken,
		Revocation:        s.issuer + pathRevoke,
		Introspection:     s.issuer + pathIntrospect,
		Registration:      s.issuer + pathRegister,
		Keys:              s.issuer + pathKeys,
		Userinfo:          s.issuer + pathUserinfo,
		Scopes:            scopes,
		ResponseTypes:     responseTypes,
		ResponseModes:     []string{"query"},
		GrantTypes:        grantTypes,
		ChallengeMethods:  []string{"S256"},
		TokenAuth:         authMethods,
		RevocationAuth:    authMethods,
		IntrospectionAuth: authMethods[1:],
		SubjectTypes:      []string{"public"},
		IDTokenAlgorithms: s.idTokenAlgorithms(),
		ProofAlgorithms:   jose.Algorithms(),
		Claims:            []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "nonce", "at_hash", "name", "preferred_username"},
		Prompts:           []string{promptNone, promptLogin, "consent", promptSelectAccount},
		IssuerInResponse:  true,
	}
}

// idTokenAlgorithms are those of the keys that are published, the present one first.
func (s *Server) idTokenAlgorithms() []string {
	algorithms := []string{s.keys.algorithm()}
	for _, k := range s.keys.published() {
		if !slices.Contains(algorithms, k.Algorithm()) {
			algorithms = append(algorithms, k.Algorithm())
		}
	}
	return algorithms
}

func (s *Server) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.metadata())
}

func (s *Server) serveKeys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]jose.Keys{"keys": s.keys.published()})
}
