package control

import (
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

// The JSON of this API is also what the commands print with --json: names stay
// as they are.

// A Client is a registered client.
type Client struct {
	ID             string    `json:"client_id"`
	Name           string    `json:"client_name"`
	RedirectURIs   []string  `json:"redirect_uris,omitempty"`
	Scopes         []string  `json:"scopes,omitempty"`
	Identities     []string  `json:"identities,omitempty"`
	Resources      []string  `json:"resources,omitempty"`
	HasSecret      bool      `json:"has_secret,omitempty"`
	SelfRegistered bool      `json:"self_registered,omitempty"` // by the app itself; never of what is added here
	Secret         string    `json:"client_secret,omitempty"`   // in the answer to its registration alone
	CreatedAt      time.Time `json:"created_at,omitzero"`

	// TokenLifetime is in seconds, 0 for as long as any.
	TokenLifetime int64 `json:"token_lifetime,omitempty"`
}

func newClient(c store.Client) Client {
	return Client{
		ID:             c.ID,
		Name:           c.Name,
		RedirectURIs:   c.RedirectURIs,
		Scopes:         c.Scopes,
		Identities:     c.Identities,
		Resources:      c.Resources,
		HasSecret:      c.SecretHash != nil,
		SelfRegistered: c.SelfRegistered,
		CreatedAt:      c.CreatedAt,
		TokenLifetime:  int64(c.TokenLifetime / time.Second),
	}
}

func (c Client) registration() authz.Registration {
	return authz.Registration{
		ID:           c.ID,
		Name:         c.Name,
		RedirectURIs: c.RedirectURIs,
		Scopes:       c.Scopes,
		Identities:   c.Identities,
		Resources:    c.Resources,
		Secret:       c.HasSecret,

		TokenLifetime: time.Duration(c.TokenLifetime) * time.Second,
	}
}

// An Account is a person who can log in.
type Account struct {
	ID        string    `json:"sub"`
	Username  string    `json:"username"`
	Name      string    `json:"name,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

func newAccount(a store.Account) Account {
	return Account{ID: a.ID, Username: a.Username, Name: a.Name, CreatedAt: a.CreatedAt}
}

// A Secret is what an account is to be proved with.
type Secret struct {
	Username string `json:"username"`
	Kind     string `json:"kind"` // "pin", "password"
	Secret   string `json:"secret,omitempty"`
	Remove   bool   `json:"remove,omitempty"` // take the one it has away
}

// A Grant is what a person has allowed a client.
type Grant struct {
	ID         string    `json:"grant_id"`
	AccountID  string    `json:"sub"`
	ClientID   string    `json:"client_id"`
	Identity   string    `json:"app,omitempty"`
	Scopes     []string  `json:"scopes,omitempty"`
	CreatedAt  time.Time `json:"created_at,omitzero"`
	UpdatedAt  time.Time `json:"updated_at,omitzero"`
	LastUsed   time.Time `json:"last_used_at,omitzero"`
	Remembered bool      `json:"remembered,omitempty"` // the app may be let in again without asking
	Launched   string    `json:"launched,omitempty"`   // what was launched, if it is the grant of a launch
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
}

func newGrant(g store.Grant) Grant {
	return Grant{
		ID:         g.ID,
		AccountID:  g.AccountID,
		ClientID:   g.ClientID,
		Identity:   g.Identity,
		Scopes:     g.Scopes,
		CreatedAt:  g.CreatedAt,
		UpdatedAt:  g.UpdatedAt,
		LastUsed:   g.LastUsedAt,
		Remembered: len(g.Consent.Permissions) > 0,
		Launched:   g.Launched,
		ExpiresAt:  g.ExpiresAt,
	}
}

// A Login is one login beneath a grant.
type Login struct {
	ID        string    `json:"sid"`
	Scopes    []string  `json:"scopes,omitempty"`
	Resources []string  `json:"resources,omitempty"`
	AuthTime  time.Time `json:"auth_time,omitzero"`
	ACR       string    `json:"acr,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

func newLogin(a store.Authorization) Login {
	return Login{ID: a.ID, Scopes: a.Scopes, Resources: a.Resources, AuthTime: a.AuthTime, ACR: a.ACR, CreatedAt: a.CreatedAt, ExpiresAt: a.ExpiresAt}
}

// Revoked says how many grants were taken back.
type Revoked struct {
	Grants int `json:"grants"`
}

// A SigningKey is a key that signs tokens, or did.
type SigningKey struct {
	ID        string    `json:"kid"`
	Algorithm string    `json:"alg"`
	CreatedAt time.Time `json:"created_at"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
	GoneAt    time.Time `json:"gone_at,omitzero"` // when it is forgotten
}

func newSigningKey(k authz.SigningKey) SigningKey {
	return SigningKey{ID: k.ID, Algorithm: k.Algorithm, CreatedAt: k.CreatedAt, RetiredAt: k.RetiredAt, GoneAt: k.GoneAt}
}

// A Rotation says how to rotate the signing key.
type Rotation struct {
	Algorithm string `json:"alg,omitempty"` // of the next; "" for that of the present one
	Discard   bool   `json:"discard,omitempty"`
}

// An Event is an entry of the audit trail.
type Event struct {
	Time       time.Time `json:"time"`
	Kind       string    `json:"event"`
	AccountID  string    `json:"sub,omitempty"`
	ClientID   string    `json:"client_id,omitempty"`
	Identity   string    `json:"app,omitempty"`
	UID        int       `json:"uid"`
	PID        int       `json:"pid"`
	Executable string    `json:"executable,omitempty"`
	Detail     string    `json:"detail,omitempty"`
}

func newEvent(e store.Event) Event {
	return Event{
		Time:       e.Time,
		Kind:       e.Kind,
		AccountID:  e.AccountID,
		ClientID:   e.ClientID,
		Identity:   e.Identity,
		UID:        e.UID,
		PID:        e.PID,
		Executable: e.Executable,
		Detail:     e.Detail,
	}
}

// A Request is what a launched link asks for: a consent to show, or a redirect
// that answers it already.
type Request struct {
	ui.Consent
	Redirect *Redirect `json:"redirect,omitempty"`
}

// A Decision is what the person chose about a request.
type Decision struct {
	ui.Decision
	Method string `json:"method"` // how it was taken, for the audit trail
}

// A Redirect is what tells the client, to be launched.
type Redirect struct {
	URI string `json:"uri"`
	App string `json:"app,omitempty"` // the app identity it must be delivered to; "" for whoever claims the URI
}

type link struct {
	Link string `json:"link"`
}
