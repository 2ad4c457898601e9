package ui

import (
	"context"
	"errors"
	"io"
	"time"
)

// An Authority is where the pages get what they show, and where they bring what
// a person chose.
type Authority interface {
	Requests
	People
	Permissions
	Device
}

// Requests are the authorization requests that wait for a decision.
type Requests interface {
	// Consent returns the undecided request of this ID, or ErrGone, ErrDecided or
	// a [Notice].
	Consent(ctx context.Context, id string) (Consent, error)
	// Decide carries the decision out and returns the redirect for the app. A
	// request is decided once; a second decision is ErrDecided.
	Decide(ctx context.Context, id string, d Decision) (redirect string, err error)
}

// People are the accounts, and what they are proved with.
type People interface {
	Accounts(ctx context.Context) ([]Account, error)
	// AddAccount adds one. An empty username is made up of the name.
	AddAccount(ctx context.Context, username, name string) (Account, error)
	RemoveAccount(ctx context.Context, id string) error
	// Prove returns nil if the secret is the account's, or ErrWrongSecret, or a
	// *WaitError after too many tries.
	Prove(ctx context.Context, id string, kind Secret, secret string) error
	// SetSecret gives the account a secret, or takes it away if secret is "". One
	// that is too simple is ErrUnfit.
	SetSecret(ctx context.Context, id string, kind Secret, secret string) error
}

// Permissions are what people have allowed, and what came of it.
type Permissions interface {
	Permissions(ctx context.Context) ([]Permission, error)
	// Revoke takes permissions back, all or none of them. One that is gone is no error.
	Revoke(ctx context.Context, ids ...string) error
	// Activity returns up to limit events that match, newest first, from before the
	// one numbered before; 0 begins with the newest.
	Activity(ctx context.Context, before uint64, limit int, match func(Event) bool) ([]Event, error)
}

// Device is what the pages belong to.
type Device interface {
	Issuer() string
	Preferences(ctx context.Context) (Preferences, error)
	SetPreferences(ctx context.Context, p Preferences) error
	// Backup writes a copy of what cannot be had again, of use on this device alone:
	// whoever holds the device may ask for it.
	Backup(ctx context.Context, w io.Writer) error
}

// A Secret is a kind of what an account is proved with.
type Secret string

// The kinds of secrets.
const (
	PIN      Secret = "pin"
	Password Secret = "password"
)

// A Permission is an app that may sign in for an account.
type Permission struct {
	ID         string
	AccountID  string
	Client     string // the app's name
	ClientID   string
	Identity   string // the app identity the operating system attested; "" if it attested none
	Scopes     []Scope
	CreatedAt  time.Time
	LastUsedAt time.Time // zero if never
}

// An Event is an entry of the audit trail.
type Event struct {
	Seq        uint64
	Time       time.Time
	Kind       string // such as "approved"
	AccountID  string
	Client     string // the app's name
	ClientID   string
	Identity   string
	Executable string // of the process that asked; "" if unknown
	Detail     string
}

// Preferences are the settings of the pages.
type Preferences struct {
	Language string        // code; "" for what the device speaks
	Session  time.Duration // how long a PIN need not be entered again; 0 is every time
}

// Errors that pages say something about in the person's language.
var (
	ErrGone        = errors.New("this request is not waiting")
	ErrDecided     = errors.New("this request was decided already")
	ErrWrongSecret = errors.New("that is not the secret")
	ErrUnfit       = errors.New("that is not fit to be one")
	ErrTaken       = errors.New("there is one of that name already")
)

// A WaitError says how long to wait after too many tries.
type WaitError struct{ For time.Duration }

func (e *WaitError) Error() string { return "too many tries: wait " + e.For.String() }

// A Notice is an error that has something to say to the maker of the app, whom
// the person may show it to.
type Notice interface {
	error
	Notice() string // a sentence, in English
}
