package authz

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/store"
)

// Tokens of a client that shows a DPoP proof (RFC 9449) are bound to its key. It is
// for callers that the operating system cannot attest, and works beside attestation.

// errOtherKey means that a code or refresh token is bound to another key than the
// one that the request proves.
var errOtherKey = errors.New("bound to another DPoP key, or shown without a proof")

// Proofs is what checks the proofs of requests to the issuer's origin. A guard of
// the same origin must use the same: a client keeps one nonce for each origin.
func (s *Server) Proofs() *dpop.Verifier { return &s.proofs }

// provenKey returns the thumbprint of the key that a request to one of the endpoints
// proves, and "" if it comes without a proof.
func (s *Server) provenKey(r *http.Request, path string) (string, error) {
	if len(r.Header.Values(dpop.Field)) == 0 {
		return "", nil
	}
	return s.proofs.Check(r, s.issuer+path, "")
}

// keyMatches reports whether the exchange proves the key that something is bound to.
func (x *exchange) keyMatches(bound string) bool { return bound == "" || bound == x.provenKey }

// bindKey binds a login to the key of the request that redeems its code, if the
// client has nothing else to show who it is (RFC 9449 section 5).
func (x *exchange) bindKey(login *store.Authorization) {
	if x.client.SecretHash == nil {
		login.DPoPKey = x.provenKey
	}
}

// tokenType is what the access token of the exchange is to be used as.
func tokenType(thumbprint string) string {
	if thumbprint != "" {
		return "DPoP"
	}
	return "Bearer"
}

// pushedKey is the key a pushed request is bound to: that of its proof, which must
// be the one it names (RFC 9449 section 10.1).
func pushedKey(named, proven string) (string, error) {
	if named != "" && proven != "" && named != proven {
		return "", fmt.Errorf("%w: dpop_jkt names another key", dpop.ErrProof)
	}
	if proven != "" {
		return proven, nil
	}
	return named, nil
}
