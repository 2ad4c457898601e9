package loopback

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// checkOrigins wants origins as browsers write them (RFC 6454 section 6.2), so
// that comparing strings is enough. There is no wildcard: a page that may use the
// server has been told the secret, and so is known.
func checkOrigins(origins []string) error {
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != o || strings.ToLower(o) != o || strings.Contains(o, "*") {
			return fmt.Errorf("loopback: %q is not the origin of a page, such as https://app.example", o)
		}
	}
	return nil
}

// pageOrigin returns the origin of the page that sent r: "" if no page did or it
// is one of this very server, and false if it is none that may.
func (p *proxy) pageOrigin(r *http.Request) (origin string, ok bool) {
	origins := r.Header.Values("Origin")
	if len(origins) == 1 && slices.Contains(p.origins, origins[0]) {
		return origins[0], true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return "", len(origins) == 0 || len(origins) == 1 && origins[0] == p.origin
	}
	return "", false
}

// allow lets the page of an origin read the answer (Fetch standard, section 3.3.3).
// No credentials: what lets a page in is the secret in the URL.
func allow(h http.Header, origin string) {
	h.Add("Vary", "Origin")
	if origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "*, WWW-Authenticate, DPoP-Nonce")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// isPreflight reports whether a browser asks for a page what it may send.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight lets the page send what a client without a browser could. A wildcard
// does not cover Authorization.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	if asked := r.Header.Values("Access-Control-Request-Headers"); len(asked) > 0 {
		h["Access-Control-Allow-Headers"] = asked
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
