package authz

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// A LaunchRequest says which app the person opens as a lesson, and what it may do.
type LaunchRequest struct {
	AccountID    string
	ClientID     string // the registered client that the app is; "" if it is not registered
	Target       string // the URI at which the app is opened: one a redirect URI could be
	Format       linkhandler.LaunchFormat
	Endpoint     string   // base URL of the learning record store, below the issuer
	ActivityID   string   // IRI of the lesson
	Registration string   // UUID; "" for none
	Scopes       []string // what the lesson may do
	Method       string   // how the person asked for it, for the audit trail
}

// Launch makes credentials for one launch of an app and returns the link to launch,
// addressed to the app if the client is registered with one. The credentials are a
// grant of their own, listed and revoked like any other, good for
// [Lifetimes].Launch, and bound to the first app that uses them; if the client is
// registered with app identities, to these alone. It is one durable commit.
//
// The error is an [*Error].
func (s *Server) Launch(ctx context.Context, r LaunchRequest) (linkhandler.Launch, error) {
	var launch linkhandler.Launch
	err := s.store.Do(ctx, func(ctx context.Context) (err error) {
		launch, err = s.launch(ctx, r)
		return err
	})
	if err != nil {
		return linkhandler.Launch{}, s.refused(ctx, asError(err, nil), "target", r.Target)
	}
	return launch, nil
}

func (s *Server) launch(ctx context.Context, r LaunchRequest) (linkhandler.Launch, error) {
	account, err := s.store.Accounts.Get(ctx, r.AccountID)
	if err != nil {
		return linkhandler.Launch{}, &Error{Code: "invalid_request", Description: "choose an account that exists", Cause: err}
	}
	client, err := s.launchedClient(ctx, r)
	if err != nil {
		return linkhandler.Launch{}, err
	}
	if !strings.HasPrefix(r.Endpoint, s.issuer+"/") {
		return linkhandler.Launch{}, refusef("invalid_request", "the endpoint is not below the issuer, where alone the credentials are good")
	}
	for _, scope := range r.Scopes {
		if !s.KnowsScope(scope) {
			return linkhandler.Launch{}, refusef("invalid_scope", "the scope %q is unknown", scope)
		}
	}
	now := time.Now()
	record := store.Launch{ID: randomID(), GrantID: randomID(), Format: string(r.Format), CreatedAt: now, ExpiresAt: now.Add(s.lifetimes.Launch)}
	grant := store.Grant{ID: record.GrantID, AccountID: account.ID, ClientID: client.ID, Scopes: r.Scopes, CreatedAt: now, Launched: r.ActivityID}
	if grant.Launched == "" {
		grant.Launched = r.Target
	}
	link, err := linkhandler.BuildLaunchLink(r.Target, s.launchLink(r, account, &record))
	if err != nil {
		return linkhandler.Launch{}, &Error{Code: "invalid_request", Description: err.Error()}
	}
	if err := s.store.CreateLaunch(ctx, record, grant); err != nil {
		return linkhandler.Launch{}, err
	}
	by := store.Authorization{AccountID: account.ID, ClientID: client.ID}
	return linkhandler.Launch{URI: link, App: receiver(client, "")}, s.record(ctx, eventLaunched, by, strings.TrimSpace(r.Method+" "+grant.Launched))
}

// launchedClient is the registered client, or one that stands for an app nobody has
// registered: named for where the link goes, in a way that no registration is.
func (s *Server) launchedClient(ctx context.Context, r LaunchRequest) (store.Client, error) {
	if r.ClientID == "" {
		target, err := url.Parse(r.Target)
		if err != nil {
			return store.Client{}, &Error{Code: "invalid_request", Description: "the target is not a URI", Cause: err}
		}
		name := target.Scheme
		if target.Host != "" {
			name += "://" + target.Host
		}
		return store.Client{ID: "launch:" + name}, nil
	}
	client, err := s.store.Clients.Get(ctx, r.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return store.Client{}, refusef("invalid_client", "no client %q is registered", r.ClientID)
	}
	return client, err
}

// launchLink makes the credentials, or the place to fetch them, and keeps their
// hashes in record.
func (s *Server) launchLink(r LaunchRequest, account store.Account, record *store.Launch) linkhandler.LaunchLink {
	link := linkhandler.LaunchLink{
		Format:       r.Format,
		Endpoint:     r.Endpoint,
		Actor:        s.agent(account),
		Registration: r.Registration,
		ActivityID:   r.ActivityID,
		IPCService:   s.services.String(),
	}
	if r.Format == linkhandler.RESPECT {
		link.Package = s.androidPackage()
	}
	secret := randomToken()
	if r.Format == linkhandler.CMI5 {
		record.FetchHash = tokenHash(secret)
		link.Fetch = s.issuer + pathLaunch + secret
		return link
	}
	record.SecretHash = tokenHash(secret)
	link.Username, link.Password = record.ID, secret
	return link
}

// androidPackage is the app that serves this server's services on Android, which the
// RESPECT launch names once more; "" elsewhere.
func (s *Server) androidPackage() string {
	for _, a := range s.services {
		if a.Scheme == ipcapi.Android {
			return a.Name
		}
	}
	return ""
}

// agent is the account as an xAPI Agent, identified by the issuer and the subject
// of its tokens.
func (s *Server) agent(account store.Account) string {
	type identifier struct {
		HomePage string `json:"homePage"`
		Name     string `json:"name"`
	}
	encoded, err := json.Marshal(struct {
		Type    string     `json:"objectType"`
		Name    string     `json:"name,omitempty"`
		Account identifier `json:"account"`
	}{"Agent", printable(account.Name), identifier{s.issuer, account.ID}})
	if err != nil {
		panic(err) // strings always have a JSON
	}
	return string(encoded)
}

// printable is a name without what a link cannot carry, of at most 100 characters.
func printable(name string) string {
	kept := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name))
	return string(kept[:min(len(kept), 100)])
}
