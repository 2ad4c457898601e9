package mobile

import "github.com/offlineauth/offlineauth/ui/webview"

// A Config says what to serve. Issuer and DataDir are required.
type Config struct {
	Issuer       string // issuer identifier, an https URL
	DataDir      string // a directory of the app's own
	CustomScheme string // private-use scheme whose links open the app too; "" for none
	IPCService   string // the `ipc-service` value of redirects, such as the app's package
	Records      bool   // keep learning records (xAPI), for the lessons of other apps
	MemoryLimit  int64  // bytes the Go side should stay below, for small devices; 0 for no limit

	apis     []api
	keystore Keystore
}

// SetKeystore keeps the key of the app's files in a [Keystore]; without one it is a
// file beside them.
func (c *Config) SetKeystore(k Keystore) { c.keystore = k }

// AddAPI serves a REST API of the app below the issuer, behind its tokens: what
// comes to path ("/notes/") with a token of that scope goes to [Host.Answer]. The
// description is a sentence for the person who decides: "Read your notes".
func (c *Config) AddAPI(path, scope, description string) {
	c.apis = append(c.apis, api{path, scope, description})
}

// A Host is what the app around an [App] does for it. Its methods are called on
// the thread that called the App, or on one of Go's.
type Host interface {
	// Launch opens a redirect. If app is not "", that app alone may receive it:
	// see that it is still signed as its identity says, and launch it explicitly.
	Launch(uri, app string) error

	// Claimants are the identities of the apps that the system lets receive a
	// redirect URI, separated by spaces; null if it gives it to any app that asks.
	// A client that registers itself must be one of them.
	Claimants(redirectURI string) (*Text, error)

	// Answer answers a request, one HTTP message, that came to one of the APIs
	// with a good token. It has 30 seconds.
	Answer(request []byte, token *Token) (*Bytes, error)
}

// A Keystore keeps a key where no other app can read it, such as the Keystore of
// Android. The key does not leave it.
type Keystore interface {
	// Seal encrypts up to 4 KiB and authenticates them, under a key that it makes
	// if there is none yet.
	Seal(plain []byte) (*Bytes, error)
	// Unseal returns what Seal was given. Null means that the key is lost or the
	// bytes were altered; an exception, that it cannot be asked now.
	Unseal(sealed []byte) (*Bytes, error)
}

// An App is an open authorization app.
type App interface {
	// Close releases the data directory, after the requests that run.
	Close() error

	// Handle answers one request of the message wire. There is always an answer:
	// what cannot be understood gets an HTTP error. call may be null.
	Handle(request []byte, caller *Caller, call *Call) *Bytes

	// Serve speaks HTTP on a connected stream socket until the peer hangs up, and
	// returns at once. The descriptor is Go's from then on, also after an error.
	Serve(fd int, caller *Caller) error

	// Begin takes a launched link. Show what it returns, unless it is answered.
	// A link that is refused is an error; the client is told by a launch, if it may be.
	Begin(link string) (*Request, error)
	// Approve grants the request for an account and launches the redirect. scopes
	// are those that are granted, separated by spaces; "" for all. pin is the
	// account's, "" if it has none. A wrong one is an error, and leaves the request
	// waiting.
	Approve(requestID, accountID, scopes, pin string) error
	// Deny refuses the request and launches the redirect.
	Deny(requestID string) error

	// Screen opens the pages of the person's side for one web view. languages are
	// those of the device, as "fr-CA, fr, en".
	Screen(languages string) *Screen

	// Accounts is a JSON array of {id, username, name}.
	Accounts() (*Text, error)
	AddAccount(username, name string) error
	// SetPIN gives an account a PIN of 4 to 12 digits, or another one; "" takes it
	// away. current is the one it has, "" for none.
	SetPIN(accountID, current, pin string) error
	// RemoveAccount removes a person, with all they granted.
	RemoveAccount(username string) error

	// Clients is a JSON array of {id, name, redirect_uris, scopes, apps}.
	Clients() (*Text, error)
	// AddClient registers a client app. scopes and identities are separated by
	// spaces; without identities it may call from any app.
	AddClient(id, name, redirectURI, scopes, identities string) error
	// RemoveClient removes a client, with all that was granted to it.
	RemoveClient(id string) error

	// Grants is a JSON array of {id, account, client, app, scopes, created, used}.
	Grants() (*Text, error)
	// RevokeGrant takes back a grant, with every token beneath it, at once.
	RevokeGrant(id string) error

	// LaunchLesson opens an app as a lesson, which then needs no login: at target, an
	// https link or one of the app's scheme, in the format "rustici", "respect" or
	// "cmi5". clientID is "" for an app that is not registered, registration is "" for
	// a new one. It needs Config.Records.
	LaunchLesson(accountID, clientID, target, format, activityID, registration string) error

	// Upstreams is a JSON array of the learning record stores that records are
	// forwarded to: {endpoint, username, sent, waiting, quarantined, last_error, ...} of
	// statements, and in it documents: {sent, waiting, quarantined}.
	Upstreams() (*Text, error)
	// AddUpstream forwards all learning records to an endpoint that takes HTTP Basic.
	AddUpstream(endpoint, username, password string) error
	// RemoveUpstream forwards nothing more to it.
	RemoveUpstream(endpoint string) error
	// ForwardNow forwards what waits, for 30 seconds at most: call it when there is a
	// network, from a job of the system, and again while something waits.
	ForwardNow() error
	// RetryForwarding takes out of quarantine what an upstream did not take. A document
	// that somebody else has changed there is replaced by the one on this device.
	RetryForwarding() error

	// Activity is a JSON array of the newest events of the audit trail, the newest
	// first: {time, event, account, client, app, detail}.
	Activity(limit int) (*Text, error)

	// Trim gives memory back to the system: for onTrimMemory and its like.
	Trim()
	// Rest ends all streams, once what is asked on them is answered, and gives memory
	// back: for when the last client has unbound, before the system freezes the
	// process. It returns at once.
	Rest()
}

// Open opens the data directory. Close the App when the process is done with it.
// It waits for the disk.
func Open(cfg *Config, host Host) (App, error) { return open(cfg, host) }

// A Caller is who the system says is calling.
type Caller struct {
	UID int
	PID int // -1 if it is not known

	// Identity is "android:com.example.maths#<SHA-256 of the certificate>"; "" if the
	// system cannot tell. If the app was signed by other certificates before and has
	// proved it, their identities follow, separated by spaces.
	Identity string
}

// A Token is what the access token of a request allows.
type Token struct {
	Account  string // its ID
	ClientID string
	Scopes   string // separated by spaces
	App      string // identity of the app it was issued to; "" if it is bound to none
}

// A Request is an authorization request to show to the person.
type Request struct {
	ID       string // what to decide about; "" if it is answered
	Answered bool   // the person has allowed the same before; the redirect was launched
	Title    string // what is asked, in one sentence
	Trust    string // how far the app's name can be believed
	JSON     string // all of it: client, scopes, accounts, destination
}

// A Screen is the pages of the person's side in one web view of the app, which must
// load nothing else, run no scripts, and be out of every other app's reach. A
// decision that is taken on them launches the redirect.
type Screen struct {
	app  *app
	view *webview.View
}

// A Page is what the web view shows.
type Page struct {
	Status int    // of HTTP, never a redirect
	Type   string // media type
	Policy string // Content-Security-Policy
	Path   string // where it is, after the form that was sent: "done" when all is decided

	body []byte
}

// Body returns the page; null if it is empty.
func (p *Page) Body() []byte { return p.body }

// Bytes are a message.
type Bytes struct{ bytes []byte }

// NewBytes returns a copy of b.
func NewBytes(b []byte) *Bytes { return &Bytes{append([]byte(nil), b...)} }

// Get returns the bytes; null if there are none.
func (b *Bytes) Get() []byte { return b.bytes }

// A Text is a string that crosses gobind safely.
type Text struct{ text string }

// NewText returns a text.
func NewText(s string) *Text { return &Text{s} }

// Get returns the text.
func (t *Text) Get() string { return t.text }
