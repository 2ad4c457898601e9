package resource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose/dpop"
)

// ErrInvalidToken means that a token is not in force: expired, revoked, forged
// or of another kind. An [Introspector] wraps it; any other error of one means
// that it could not tell.
var ErrInvalidToken = errors.New("the access token is not in force")

// A Token is an access token that is in force.
type Token struct {
	Subject   string    // the account
	ClientID  string    // the client it was issued to
	Scopes    []string  // what it allows
	Audience  []string  // the resources it is for
	App       string    // the app identity that must be calling; "" if it is bound to none
	Launch    string    // if it stands for the credentials of a launch, the format of that: "cmi5", ...
	DPoPKey   string    // thumbprint of the key that must sign a proof (RFC 9449); "" if it is bound to none
	ExpiresAt time.Time // zero if the introspector does not say
}

// An Introspector says whether a token is in force, and what it allows.
type Introspector interface {
	Introspect(ctx context.Context, token string) (Token, error)
}

// A Guard checks the access tokens of requests to one API.
type Guard struct {
	Introspector Introspector
	Basic        Authenticator // takes HTTP Basic credentials too; nil refuses them
	Audience     string        // the resource identifier of the API (RFC 8707), which tokens must name
	Logger       *slog.Logger  // gets every refusal with its cause; slog.Default if nil

	// Stranger, if not nil, is told of a request that is refused because another app
	// than the one of the token has sent it. Its caller is in the context.
	Stranger func(ctx context.Context, t Token)

	// Origin is where the API's URLs are, as DPoP proofs name them (RFC 9449); that of
	// Audience if "". A request's own Host is not believed.
	Origin string
	// Proofs checks the proofs. Guards of one origin must share one; nil has the
	// guard keep its own.
	Proofs *dpop.Verifier

	// MetadataURL is where the API describes itself ([Metadata.URL]), for the
	// challenges (RFC 9728 section 5.1); "" leaves it out.
	MetadataURL string

	own dpop.Verifier
}

type tokenKey struct{}

// TokenFrom returns the token a guard let through with the request of ctx.
func TokenFrom(ctx context.Context) (Token, bool) {
	token, ok := ctx.Value(tokenKey{}).(Token)
	return token, ok
}

// Require lets requests through to next that carry a token with scope; the empty
// scope is in every token. All others get the answer of RFC 6750 section 3:
// 401 without a good token, 403 without the scope, 503 if nobody could tell.
func (g *Guard) Require(scope string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := g.check(r, scope)
		if len(r.Header.Values(dpop.Field)) > 0 {
			w.Header().Set(dpop.NonceField, g.proofs().Nonce()) // RFC 9449 section 8.2
		}
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
	})
}

// A refusal is an error response of RFC 6750 section 3.1.
type refusal struct {
	status int
	code   string // the error attribute; "" if the request carried no access token
	scope  string // what would have been needed
	cause  error
}

func (e *refusal) Error() string { return e.cause.Error() }

func (g *Guard) check(r *http.Request, scope string) (Token, error) {
	token, err := g.token(r)
	var no *refusal
	switch {
	case errors.As(err, &no):
		return Token{}, err
	case errors.Is(err, ErrInvalidToken):
		return Token{}, invalidToken(err)
	case err != nil:
		return Token{}, &refusal{status: http.StatusServiceUnavailable, cause: err}
	}
	caller, _ := ipcapi.CallerFrom(r.Context())
	if token.App != "" && token.App != caller.Identity {
		if g.Stranger != nil {
			g.Stranger(r.Context(), token)
		}
		return Token{}, invalidToken(fmt.Errorf("issued to the app %q, presented by %q", token.App, caller.Identity))
	}
	if !slices.Contains(token.Audience, g.Audience) {
		return Token{}, invalidToken(fmt.Errorf("meant for %q, not for %q", token.Audience, g.Audience))
	}
	if scope != "" && !slices.Contains(token.Scopes, scope) {
		return Token{}, &refusal{http.StatusForbidden, "insufficient_scope", scope, fmt.Errorf("the scope %q was not granted", scope)}
	}
	return token, nil
}

// token is what the request's credentials stand for.
func (g *Guard) token(r *http.Request) (Token, error) {
	if g.Basic != nil && isBasic(r) {
		userID, password, err := basicCredentials(r)
		if err != nil {
			return Token{}, err
		}
		return g.Basic.Authenticate(r.Context(), userID, password)
	}
	scheme, presented, err := accessToken(r)
	if err != nil {
		return Token{}, err
	}
	token, err := g.Introspector.Introspect(r.Context(), presented)
	if err != nil {
		return Token{}, err
	}
	return token, g.checkKey(r, scheme, presented, token)
}

func invalidToken(cause error) *refusal {
	return &refusal{status: http.StatusUnauthorized, code: "invalid_token", cause: cause}
}

func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{status: http.StatusInternalServerError, cause: err}
	}
	caller, _ := ipcapi.CallerFrom(r.Context())
	g.logger().InfoContext(r.Context(), "refused", "status", no.status, "error", no.code, "cause", no.cause, "path", r.URL.Path, "caller", caller)
	w.Header().Set("Cache-Control", "no-store")
	if no.status < http.StatusInternalServerError {
		g.challenge(w.Header(), r, no)
	}
	w.WriteHeader(no.status)
}

func (g *Guard) logger() *slog.Logger {
	if g.Logger == nil {
		return slog.Default()
	}
	return g.Logger
}
