package authz

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// Paths of the endpoints, below the issuer.
const (
	pathPush       = "/par"
	pathToken      = "/token"
	pathRevoke     = "/revoke"
	pathIntrospect = "/introspect"
	pathKeys       = "/jwks"
	pathLaunch     = "/launch/"
	pathRegister   = "/register"
	pathUserinfo   = "/userinfo" // served by package resource, named in the metadata

	wellKnownOAuth  = "/.well-known/oauth-authorization-server"
	wellKnownOpenID = "/.well-known/openid-configuration"
)

// maxForm bounds the body of a request to an endpoint, in bytes.
const maxForm = 64 << 10

// Handler returns the callers' side: registration, pushed requests, token, revocation,
// introspection, keys and metadata, at the paths the metadata names. The caller is taken from each
// request's context; without one it is a stranger.
func (s *Server) Handler() http.Handler {
	base := issuerPath(s.issuer)
	mux := http.NewServeMux()
	mux.Handle("POST "+base+pathPush, s.endpointFor(http.StatusCreated, s.push))
	mux.Handle("POST "+base+pathToken, s.endpointFor(http.StatusOK, s.token))
	mux.Handle("POST "+base+pathRevoke, s.endpointFor(http.StatusOK, s.revoke))
	mux.Handle("POST "+base+pathIntrospect, s.endpointFor(http.StatusOK, s.introspect))
	mux.Handle("POST "+base+pathRegister, s.appEndpoint(http.StatusCreated, s.register))
	mux.Handle("GET "+base+pathRegister+"/{id}", s.appEndpoint(http.StatusOK, s.showOwn))
	mux.Handle("PUT "+base+pathRegister+"/{id}", s.appEndpoint(http.StatusOK, s.updateOwn))
	mux.Handle("DELETE "+base+pathRegister+"/{id}", s.appEndpoint(http.StatusNoContent, s.removeOwn))
	mux.HandleFunc("GET "+base+pathKeys, s.serveKeys)
	mux.HandleFunc("POST "+base+pathLaunch+"{secret}", s.serveFetch)
	// RFC 8414 section 3.1 puts the issuer's path behind the well-known one,
	// OpenID Connect Discovery section 4 before it.
	mux.HandleFunc("GET "+wellKnownOAuth+base, s.serveMetadata)
	mux.HandleFunc("GET "+base+wellKnownOpenID, s.serveMetadata)
	return mux
}

// issuerPath is the path of an issuer URL, encoded as it is there, so that it is
// no pattern to a ServeMux.
func issuerPath(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return "" // New has parsed it before
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}

// endpointFor holds what all endpoints share: a bounded form without repeated
// parameters, an authenticated client, answers nobody caches, one way to fail.
// A request that is served is answered with status.
func (s *Server) endpointFor(status int, serve func(r *http.Request, x *exchange) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{caller: callerFrom(r.Context())}
		answer, err := s.serveForm(w, r, x, serve)
		if len(r.Header.Values(dpop.Field)) > 0 {
			w.Header().Set(dpop.NonceField, s.proofs.Nonce()) // RFC 9449 section 8
		}
		if err == nil {
			writeJSON(w, status, answer)
			return
		}
		refusal := asError(err, x.cause)
		s.refused(r.Context(), refusal, "client", x.client.ID)
		s.witness(r.Context(), refusal)
		if r.Header.Get("Authorization") != "" && refusal.Status() == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="`+s.issuer+`"`)
		}
		writeJSON(w, refusal.Status(), errorBody{refusal.Code, linkhandler.Describe(refusal.Description)})
	})
}

func (s *Server) serveForm(w http.ResponseWriter, r *http.Request, x *exchange, serve func(*http.Request, *exchange) (any, error)) (any, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := parseForm(r); err != nil {
		return nil, err
	}
	client, err := s.authenticate(r, x.caller)
	if err != nil {
		return nil, err
	}
	x.client = client
	return serve(r.WithContext(withExchange(r.Context(), x)), x)
}

// parseForm reads the form; a parameter given twice is refused (RFC 6749 section
// 3.2), but for the one that may repeat (RFC 8707 section 2).
func parseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &Error{Code: "invalid_request", Description: "the body is not a readable form of at most 64 KiB", Cause: err}
	}
	if r.URL.RawQuery != "" {
		return refusef("invalid_request", "parameters belong into the body, not into the URL")
	}
	if len(r.PostForm) == 0 {
		return refusef("invalid_request", "send the parameters as application/x-www-form-urlencoded")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 && name != "resource" {
			return refusef("invalid_request", "the parameter %.40q is given more than once", name)
		}
	}
	return nil
}

// errorBody is an error response (RFC 6749 section 5.2).
type errorBody struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache") // RFC 6749 section 5.1 wants both
	if body == nil {
		w.WriteHeader(status)
		return
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(errors.Join(errors.New("an answer of ours cannot be encoded"), err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the peer may be gone; nothing is left to tell it
}
