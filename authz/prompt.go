package authz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// Values of the parameter prompt (OpenID Connect Core section 3.1.2.1).
const (
	promptNone          = "none"
	promptLogin         = "login"
	promptSelectAccount = "select_account"
)

// prompts reports whether the request has the value in its prompt.
func prompts(request *linkhandler.Request, value string) bool {
	return slices.Contains(strings.Fields(request.Prompt), value)
}

// authAfter is when the person must have authenticated, at the earliest, for a
// request that began at that time; zero for whenever. Whoever authenticates for
// this very request satisfies any max_age.
func authAfter(request *linkhandler.Request, began, now time.Time) time.Time {
	if prompts(request, promptLogin) {
		return began
	}
	if request.MaxAge == nil {
		return time.Time{}
	}
	return earlier(now.Add(-time.Duration(*request.MaxAge)*time.Second), began)
}

// expectedAccount is the account that an id_token_hint names, the only one that may
// approve then; "" if the request has none. A hint that is not ours tells nothing,
// and is as good as none for a person who is going to be asked.
func (s *Server) expectedAccount(ctx context.Context, client store.Client, request *linkhandler.Request) (string, *Error) {
	if request.IDTokenHint == "" {
		return "", nil
	}
	subject, err := s.verifyHint(client, request.IDTokenHint)
	if err != nil {
		s.log.InfoContext(ctx, "id_token_hint ignored", "client", client.ID, "cause", err)
		return "", nil
	}
	_, err = s.store.Accounts.Get(ctx, subject)
	if errors.Is(err, store.ErrNotFound) {
		return "", &Error{Code: "login_required", Description: "the account of the id_token_hint is not here any more", Cause: err}
	}
	if err != nil {
		return "", asError(err, nil)
	}
	return subject, nil
}

// verifyHint returns the subject of an ID token that was issued to the client,
// however long ago (OpenID Connect Core section 3.1.2.1).
func (s *Server) verifyHint(client store.Client, token string) (string, error) {
	claims := new(jwt.RegisteredClaims)
	_, err := jwt.ParseWithClaims(token, claims, s.keys.verificationKey(idTokenType),
		jwt.WithValidMethods(jose.Algorithms()), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	if err == nil && (claims.Issuer != s.issuer || !slices.Contains(claims.Audience, client.ID)) {
		err = fmt.Errorf("issued by %q to %q", claims.Issuer, claims.Audience)
	}
	return claims.Subject, err
}
