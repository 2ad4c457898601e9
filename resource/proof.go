package resource

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/jose/dpop"
)

// proofAlgorithms ends a challenge of the scheme DPoP (RFC 9449 section 7.1).
var proofAlgorithms = fmt.Sprintf(", algs=%q", strings.Join(jose.Algorithms(), " "))

// checkKey refuses a token that is bound to a key unless it comes as such, with a
// proof of that key for this request; and one that is not, if it comes as if it
// were (RFC 9449 section 7.2).
func (g *Guard) checkKey(r *http.Request, scheme, presented string, token Token) error {
	switch {
	case token.DPoPKey == "" && scheme == schemeBearer:
		return nil
	case token.DPoPKey == "":
		return invalidToken(errors.New("it is bound to no key, and comes as if it were"))
	case scheme != schemeDPoP:
		return invalidToken(errors.New("it is bound to a key, and comes without a proof of it"))
	}
	thumbprint, err := g.proofs().Check(r, g.origin()+r.URL.EscapedPath(), presented)
	switch {
	case errors.Is(err, dpop.ErrNonce):
		return &refusal{status: http.StatusUnauthorized, code: "use_dpop_nonce", cause: err}
	case err != nil:
		return &refusal{status: http.StatusUnauthorized, code: "invalid_dpop_proof", cause: err}
	case thumbprint != token.DPoPKey:
		return invalidToken(fmt.Errorf("bound to the key %s, proven by %s", token.DPoPKey, thumbprint))
	}
	return nil
}

func (g *Guard) proofs() *dpop.Verifier {
	if g.Proofs != nil {
		return g.Proofs
	}
	return &g.own
}

// origin is the API's own. Without any, no proof is good.
func (g *Guard) origin() string {
	if g.Origin != "" {
		return strings.TrimSuffix(g.Origin, "/")
	}
	u, err := url.Parse(g.Audience)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
