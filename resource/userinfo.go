package resource

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// A Profile is what userinfo tells of an account.
type Profile struct {
	Username string
	Name     string
}

// A Directory knows the profile of an account. If there is no such account, the
// error is an [ErrInvalidToken]: a token is worth nothing without its subject.
type Directory interface {
	Profile(ctx context.Context, subject string) (Profile, error)
}

// userinfo is the claims about the end-user (OpenID Connect Core section 5.1).
type userinfo struct {
	Subject           string `json:"sub"`
	Name              string `json:"name,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
}

// Userinfo serves the userinfo endpoint (OpenID Connect Core section 5.3) behind
// guard: the subject for the scope openid, the name and username for profile.
func Userinfo(guard *Guard, accounts Directory) http.Handler {
	return guard.Require("openid", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := TokenFrom(r.Context())
		claims := userinfo{Subject: token.Subject}
		if slices.Contains(token.Scopes, "profile") {
			profile, err := accounts.Profile(r.Context(), token.Subject)
			if errors.Is(err, ErrInvalidToken) {
				err = invalidToken(err)
			}
			if err != nil {
				guard.refuse(w, r, err)
				return
			}
			claims.Name, claims.PreferredUsername = profile.Name, profile.Username
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(claims) // the peer may be gone
	}))
}
