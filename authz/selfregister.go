package authz

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// Registration by the apps themselves (RFC 7591, and RFC 7592 to manage it). The
// operating system says which app it is, and the registration is that app's alone.
// Its name is nobody's word but the app's, so the person sees both at the consent.

// Bounds for each app, which is all that one of them can put on the disk.
const (
	maxOwnClients  = 8
	maxOwnChanges  = 32                  // registrations and updates within a day
	unusedLifetime = 30 * 24 * time.Hour // of a registration that nobody has approved
)

// appEndpoint serves an endpoint to apps that the operating system knows.
func (s *Server) appEndpoint(status int, serve func(http.ResponseWriter, *http.Request, ipcapi.Caller) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := callerFrom(r.Context())
		var answer any
		err := error(refusef("access_denied", "the system cannot tell which app this is; ask the person to register it"))
		if caller.Identity != "" {
			answer, err = serve(w, r, caller)
		}
		if err == nil {
			writeJSON(w, status, answer)
			return
		}
		refusal := s.refused(r.Context(), asError(err, nil), "client", r.PathValue("id"))
		s.witness(r.Context(), refusal)
		if refusal.Code == "invalid_token" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.issuer+`", error="invalid_token"`) // RFC 6750 section 3
		}
		writeJSON(w, refusal.Status(), errorBody{refusal.Code, linkhandler.Describe(refusal.Description)})
	})
}

// register serves POST /register (RFC 7591 section 3).
func (s *Server) register(w http.ResponseWriter, r *http.Request, caller ipcapi.Caller) (any, error) {
	metadata, err := readMetadata(w, r)
	if err != nil {
		return nil, err
	}
	client, err := s.newOwn(metadata, randomID(), caller.Identity)
	if err != nil {
		return nil, err
	}
	if err := s.askSystem(r.Context(), client.RedirectURIs, caller.Identity); err != nil {
		return nil, err
	}
	token := randomToken()
	client.RegistrationHash = tokenHash(token)
	client.ExpiresAt = client.CreatedAt.Add(unusedLifetime)
	err = s.store.Do(r.Context(), func(ctx context.Context) error {
		if err := s.makeRoom(ctx, caller.Identity); err != nil {
			return err
		}
		return s.putOwn(ctx, client, eventAppRegistered)
	})
	return s.information(client, token), err
}

// showOwn serves GET /register/{id} (RFC 7592 section 2.1).
func (s *Server) showOwn(_ http.ResponseWriter, r *http.Request, caller ipcapi.Caller) (any, error) {
	client, token, err := s.ownClient(r.Context(), r, caller)
	return s.information(client, token), err
}

// updateOwn serves PUT /register/{id} (RFC 7592 section 2.2): all metadata is replaced.
func (s *Server) updateOwn(w http.ResponseWriter, r *http.Request, caller ipcapi.Caller) (any, error) {
	metadata, err := readMetadata(w, r)
	if err != nil {
		return nil, err
	}
	if metadata.ClientID != r.PathValue("id") {
		return nil, refusef("invalid_client_metadata", "client_id is not the one of the URL")
	}
	if err := s.askSystem(r.Context(), metadata.RedirectURIs, caller.Identity); err != nil {
		return nil, err
	}
	var answer clientInformation
	err = s.store.Do(r.Context(), func(ctx context.Context) error {
		old, token, err := s.ownClient(ctx, r, caller)
		if err != nil {
			return err
		}
		client, err := s.newOwn(metadata, old.ID, caller.Identity)
		if err != nil {
			return err
		}
		client.RegistrationHash, client.CreatedAt, client.ExpiresAt = old.RegistrationHash, old.CreatedAt, old.ExpiresAt
		answer = s.information(client, token)
		return s.putOwn(ctx, client, eventAppChanged)
	})
	return answer, err
}

// removeOwn serves DELETE /register/{id} (RFC 7592 section 2.3). What was granted
// to the client ends with it.
func (s *Server) removeOwn(_ http.ResponseWriter, r *http.Request, caller ipcapi.Caller) (any, error) {
	return nil, s.store.Do(r.Context(), func(ctx context.Context) error {
		client, _, err := s.ownClient(ctx, r, caller)
		if err != nil {
			return err
		}
		return s.unregister(ctx, client.ID)
	})
}

// ownClient is the registration that the request's token and caller may manage.
func (s *Server) ownClient(ctx context.Context, r *http.Request, caller ipcapi.Caller) (store.Client, string, error) {
	refused := func(cause error) (store.Client, string, error) {
		return store.Client{}, "", &Error{Code: "invalid_token", Description: "the registration access token is not one for this registration", Cause: cause}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return refused(errors.New("no bearer token"))
	}
	client, err := s.store.LiveClient(ctx, r.PathValue("id"), time.Now())
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExpired):
		return refused(err)
	case err != nil:
		return store.Client{}, "", err
	case subtle.ConstantTimeCompare(client.RegistrationHash, tokenHash(token)) != 1:
		return refused(fmt.Errorf("not the token of client %q", client.ID))
	case !slices.Contains(client.Identities, caller.Identity):
		return refused(&strangerError{store.Authorization{ClientID: client.ID}, errNotYours})
	}
	return client, token, nil
}

// newOwn is a client as the app describes it, bound to the app.
func (s *Server) newOwn(metadata clientMetadata, id, identity string) (store.Client, error) {
	r := s.registrationOf(metadata, id, identity)
	err := s.validate(r)
	var uri *linkhandler.InvalidError
	switch {
	case errors.As(err, &uri):
		return store.Client{}, &Error{Code: "invalid_redirect_uri", Description: err.Error()}
	case err != nil:
		return store.Client{}, &Error{Code: "invalid_client_metadata", Description: err.Error()}
	}
	client := newClient(r)
	client.SelfRegistered = true
	return client, nil
}

// putOwn writes a registration by an app, if it may have it.
func (s *Server) putOwn(ctx context.Context, client store.Client, kind string) error {
	identity := client.Identities[0]
	for _, uri := range client.RedirectURIs {
		if err := s.checkClaim(ctx, uri, identity); err != nil {
			return err
		}
	}
	changes, err := s.recently(ctx, func(e store.Event) bool {
		return e.Identity == identity && (e.Kind == eventAppRegistered || e.Kind == eventAppChanged)
	})
	switch {
	case err != nil:
		return err
	case changes >= maxOwnChanges:
		return refusef("access_denied", "this app has changed its registrations too often; try again tomorrow")
	}
	if err := s.store.Clients.Put(ctx, client); err != nil {
		return err
	}
	return s.record(ctx, kind, store.Authorization{ClientID: client.ID}, client.Name)
}

// makeRoom removes the oldest registration of the app that nobody has approved, if
// it has too many. An app that has lost its registration can so register again.
func (s *Server) makeRoom(ctx context.Context, identity string) error {
	clients, err := s.store.Clients.List(ctx)
	if err != nil {
		return err
	}
	own := slices.DeleteFunc(clients, func(c store.Client) bool { return !c.SelfRegistered || !slices.Contains(c.Identities, identity) })
	if len(own) < maxOwnClients {
		return nil
	}
	unused := slices.DeleteFunc(own, func(c store.Client) bool { return c.ExpiresAt.IsZero() })
	if len(unused) == 0 {
		return refusef("access_denied", "this app has %d registrations that are in use; remove one of them", maxOwnClients)
	}
	oldest := slices.MinFunc(unused, func(a, b store.Client) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return s.store.Clients.Delete(ctx, oldest.ID)
}

// checkClaim refuses a redirect URI that another app answers: one whose scheme, or
// whose host if it is https, is that of another client or of this authorization app.
// Every app may listen on loopback.
func (s *Server) checkClaim(ctx context.Context, uri, identity string) error {
	name := claimOf(uri)
	if name == "" {
		return nil
	}
	taken := refusef("invalid_redirect_uri", "%.100s belongs to another app", name)
	if issuer, err := url.Parse(s.issuer); err != nil || name == s.custom || name == issuer.Hostname() {
		return taken
	}
	clients, err := s.store.Clients.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range clients {
		if !slices.Contains(c.Identities, identity) && slices.ContainsFunc(c.RedirectURIs, func(other string) bool { return claimOf(other) == name }) {
			taken.Cause = fmt.Errorf("of client %q", c.ID)
			return taken
		}
	}
	return nil
}

// askSystem refuses a redirect URI that the operating system gives to other apps
// alone. It may take a while, so it is asked before the transaction.
func (s *Server) askSystem(ctx context.Context, uris []string, identity string) error {
	if s.claimants == nil {
		return nil
	}
	for _, uri := range uris {
		apps, err := s.claimants(ctx, uri)
		if err != nil {
			return err
		}
		if len(apps) > 0 && !slices.Contains(apps, identity) {
			return &Error{Code: "invalid_redirect_uri", Description: "a redirect URI belongs to another app", Cause: fmt.Errorf("%.100q is claimed by %q", uri, apps)}
		}
	}
	return nil
}

// claimOf is what an app claims to receive a redirect URI: its scheme, or its host
// for https; "" for a loopback URI, which nobody claims.
func claimOf(uri string) string {
	parsed, err := linkhandler.ParseRedirectURI(uri)
	if err != nil || parsed.Kind() == linkhandler.Loopback {
		return ""
	}
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if parsed.Kind() == linkhandler.ClaimedHTTPS {
		return u.Hostname()
	}
	return u.Scheme
}
