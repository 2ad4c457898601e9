package clienttest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/linkhandler"
)

const keyID = "key-1"

func (a *App) endpoints() *http.ServeMux {
	base := a.base()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server"+base, a.serveMetadata)
	mux.HandleFunc("GET "+base+"/.well-known/openid-configuration", a.serveMetadata)
	mux.HandleFunc("GET "+base+"/jwks", a.serveKeys)
	mux.HandleFunc("POST "+base+"/par", a.servePush)
	mux.HandleFunc("POST "+base+"/token", a.serveToken)
	mux.HandleFunc("POST "+base+"/revoke", a.serveRevoke)
	mux.Handle("GET "+base+"/userinfo", a.guard(a.serveUserinfo))
	return mux
}

// serveMetadata is RFC 8414 section 3.
func (a *App) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         a.issuer,
		"authorization_endpoint":                         a.endpoint.URL(),
		"pushed_authorization_request_endpoint":          a.issuer + "/par",
		"token_endpoint":                                 a.issuer + "/token",
		"revocation_endpoint":                            a.issuer + "/revoke",
		"jwks_uri":                                       a.issuer + "/jwks",
		"userinfo_endpoint":                              a.issuer + "/userinfo",
		"response_types_supported":                       []string{"code"},
		"code_challenge_methods_supported":               []string{"S256"},
		"dpop_signing_alg_values_supported":              jose.Algorithms(),
		"authorization_response_iss_parameter_supported": true,
	})
}

// serveUserinfo is OpenID Connect Core section 5.3.
func (a *App) serveUserinfo(w http.ResponseWriter, _ *http.Request, l *login) {
	claims := map[string]string{"sub": a.Subject}
	if slices.Contains(l.request.Scopes, "profile") {
		claims["name"], claims["preferred_username"] = a.Name, a.Username
	}
	writeJSON(w, http.StatusOK, claims)
}

// serveKeys is the JWK set (RFC 7517 section 5).
func (a *App) serveKeys(w http.ResponseWriter, _ *http.Request) {
	point, err := a.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keyID,
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]),
		"y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}}})
}

func (a *App) idToken(request *linkhandler.Request, accessToken string) string {
	hash := sha256.Sum256([]byte(accessToken))
	now := time.Now()
	claims := map[string]any{
		"iss": a.issuer, "sub": a.Subject, "aud": request.ClientID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
	if request.Nonce != "" {
		claims["nonce"] = request.Nonce
	}
	return a.SignJWT(map[string]any{"alg": "ES256", "typ": "JWT", "kid": keyID}, claims)
}

// SignJWT signs claims with the key in the app's JWK set, whatever the header
// says: for tests that give a client wrong ID tokens.
func (a *App) SignJWT(header, claims map[string]any) string {
	signed := encode(header) + "." + encode(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, a.key, digest[:])
	if err != nil {
		panic(err) // a P-256 key can sign
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(part map[string]any) string {
	b, err := json.Marshal(part)
	if err != nil {
		panic(err) // a mistake in a test
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func refuse(w http.ResponseWriter, why refusal) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": string(why), "error_description": "refused by clienttest"})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
