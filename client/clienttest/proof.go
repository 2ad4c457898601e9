package clienttest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/jose/dpop"
)

// proven is the thumbprint of the key that a request proves (RFC 9449), "" without a
// proof. token is the access token that comes with it.
func (a *App) proven(w http.ResponseWriter, r *http.Request, token string) (thumbprint string, why refusal) {
	if r.Header.Get(dpop.Field) == "" {
		return "", ""
	}
	thumbprint, err := a.proofs.Check(r, strings.TrimSuffix(a.issuer, a.base())+r.URL.EscapedPath(), token)
	w.Header().Set(dpop.NonceField, a.proofs.Nonce())
	switch {
	case errors.Is(err, dpop.ErrNonce):
		return "", "use_dpop_nonce"
	case err != nil:
		return "", "invalid_dpop_proof"
	}
	return thumbprint, ""
}

// presented checks the access token of a request: a bound one comes with a proof of
// its key, every other as a bearer token.
func (a *App) presented(w http.ResponseWriter, r *http.Request) (token, key string, why refusal) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme == "DPoP" {
		key, why = a.proven(w, r, token)
	}
	return token, key, why
}
