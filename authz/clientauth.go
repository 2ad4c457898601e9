package authz

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

// authenticate finds out which client asks (RFC 6749 section 2.3). A client with
// a secret must show it; a client registered with app identities is only
// served to those apps. The peer is told no more than that it failed.
func (s *Server) authenticate(r *http.Request, caller ipcapi.Caller) (store.Client, error) {
	id, secret, err := credentials(r)
	if err != nil {
		return store.Client{}, err
	}
	client, err := s.store.LiveClient(r.Context(), id, time.Now())
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExpired) {
		return store.Client{}, notAuthenticated(fmt.Errorf("no client %q", id))
	}
	if err != nil {
		return store.Client{}, err
	}
	if client.SecretHash != nil && !secretMatches(client, secret) {
		return store.Client{}, notAuthenticated(fmt.Errorf("wrong or missing secret for client %q", id))
	}
	if len(client.Identities) > 0 && !slices.Contains(client.Identities, caller.Identity) {
		return store.Client{}, notAuthenticated(&strangerError{store.Authorization{ClientID: id}, fmt.Errorf("client %q is not the app %q that calls as it", id, caller.Identity)})
	}
	return client, nil
}

func notAuthenticated(cause error) *Error {
	return &Error{Code: "invalid_client", Description: descriptions["invalid_client"], Cause: cause}
}

// credentials come in the Authorization header or the body, not in both.
func credentials(r *http.Request) (id, secret string, err error) {
	bodyID, bodySecret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		if bodyID == "" {
			return "", "", notAuthenticated(errors.New("no client_id"))
		}
		return bodyID, bodySecret, nil
	}
	user, password, basic := r.BasicAuth()
	if !basic || len(header) > 1 {
		return "", "", notAuthenticated(errors.New("the Authorization header is not one of the Basic scheme"))
	}
	id, errID := url.QueryUnescape(user)
	secret, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil {
		return "", "", notAuthenticated(errors.Join(errID, errSecret))
	}
	if bodySecret != "" || bodyID != "" && bodyID != id {
		return "", "", refusef("invalid_request", "the client authenticates in two ways at once")
	}
	return id, secret, nil
}

// secretMatches compares in constant time. Secrets are 256 random bits made
// here, so a plain hash keeps them.
func secretMatches(client store.Client, secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], client.SecretHash) == 1
}
