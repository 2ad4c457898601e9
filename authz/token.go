package authz

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
)

// tokenResponse is a successful answer (RFC 6749 section 5.1, OpenID Connect
// Core section 3.1.3.3).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
}

// token serves the token endpoint. All of it is one transaction, and the answer is
// written after the commit. The tokens are signed meanwhile: so nobody else waits for that,
// and who asked waits for the longer of the two.
func (s *Server) token(r *http.Request, x *exchange) (any, error) {
	if refusal := checkGrantType(r.PostForm); refusal != nil {
		return nil, refusal
	}
	var err error
	if x.provenKey, err = s.provenKey(r, pathToken); err != nil {
		return nil, err
	}
	x.resources = slices.DeleteFunc(r.PostForm["resource"], func(uri string) bool { return uri == "" })
	s.keys.issuing.RLock()
	defer s.keys.issuing.RUnlock()
	sess := newSession()
	var answer tokenResponse
	signing := make(chan error, 1)
	err = s.store.Do(r.Context(), func(ctx context.Context) error {
		request, err := s.provider.NewAccessRequest(ctx, r, sess)
		if err != nil {
			return err
		}
		if err := narrowRefresh(request); err != nil {
			return err
		}
		if err := s.checkTarget(x); err != nil {
			return err
		}
		if err := s.boundLifetime(ctx, x, request.GetSession()); err != nil {
			return err
		}
		response, err := s.provider.NewAccessResponse(ctx, request)
		if err != nil {
			return err
		}
		answer = newTokenResponse(response, tokenType(x.provenKey))
		s.store.UseGrant(x.authorization.GrantID, time.Now())
		if err := s.store.Authorizations.Put(ctx, *x.authorization); err != nil {
			return err
		}
		if err := s.recordLogin(ctx, x); err != nil {
			return err
		}
		go func() { signing <- s.sign(x, &answer) }()
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = <-signing
	return answer, err
}

// credentialOf names the parameter without which a grant type means nothing. What
// is missing is malformed; fosite would call it an invalid grant.
var credentialOf = map[string]string{"authorization_code": "code", "refresh_token": "refresh_token"}

func checkGrantType(form url.Values) *Error {
	grant := form.Get("grant_type")
	if grant == "" {
		return refusef("invalid_request", "the parameter grant_type is missing")
	}
	credential, known := credentialOf[grant]
	if !known {
		return refusef("unsupported_grant_type", "%s", descriptions["unsupported_grant_type"])
	}
	if form.Get(credential) == "" {
		return refusef("invalid_request", "the parameter %s is missing", credential)
	}
	return nil
}

// checkTarget refuses a resource that was not granted at the login (RFC 8707
// section 2.2): there too, a token request may only take away.
func (s *Server) checkTarget(x *exchange) error {
	granted := s.audience(x.authorization.Resources, nil)
	for _, resource := range x.resources {
		if !slices.Contains(granted, resource) {
			return refusef("invalid_target", "the resource %.100q was not granted at the login", resource)
		}
	}
	return nil
}

// narrowRefresh honours a scope parameter on refresh, which may only take away
// (RFC 6749 section 6). fosite ignores it.
func narrowRefresh(request fosite.AccessRequester) error {
	asked := strings.Fields(request.GetRequestForm().Get("scope"))
	if len(asked) == 0 || !request.GetGrantTypes().ExactOne("refresh_token") {
		return nil
	}
	for _, scope := range asked {
		if !request.GetGrantedScopes().Has(scope) {
			return refusef("invalid_scope", "the scope %q was not granted at the login", scope)
		}
	}
	granted := slices.DeleteFunc(slices.Clone(request.GetGrantedScopes()), func(scope string) bool { return !slices.Contains(asked, scope) })
	request.(*fosite.AccessRequest).GrantedScope = granted
	return nil
}

// recordLogin puts a login into the audit trail, in the commit that makes it.
// Refreshes are not recorded: they are no decision of anyone.
func (s *Server) recordLogin(ctx context.Context, x *exchange) error {
	if x.predecessor != nil {
		return nil
	}
	return s.record(ctx, eventLogin, *x.authorization, "")
}

func newTokenResponse(r fosite.AccessResponder, tokenType string) tokenResponse {
	text := func(name string) string {
		value, _ := r.GetExtra(name).(string)
		return value
	}
	expiresIn, _ := r.GetExtra("expires_in").(int64)
	return tokenResponse{
		AccessToken:  r.GetAccessToken(),
		TokenType:    tokenType,
		ExpiresIn:    expiresIn,
		RefreshToken: text("refresh_token"),
		IDToken:      text("id_token"),
		Scope:        text("scope"),
	}
}
