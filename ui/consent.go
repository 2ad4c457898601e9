package ui

import (
	"slices"
	"time"
)

// A Consent is all a person needs to know to decide about one request.
type Consent struct {
	ID        string // of the interaction
	Client    string // the app's name, as its maker registered it
	ClientID  string
	Identity  string   // the app identity the operating system attests; "" if it attests none
	Confirmed bool     // whether the app of that identity is registered under the name
	Resources []string // other APIs the app will be let into; nil for the issuer's own
	ReturnTo  string   // the redirect URI the answer goes to
	Hint      string   // the account the app expects; "" if it does not say
	Scopes    []Scope
	Accounts  []Account // of which one may be chosen
	ExpiresAt time.Time

	SelfRegistered bool      // the app registered itself: the name is what it calls itself, never Confirmed
	New            bool      // nobody here has ever let the app in
	SelectAccount  bool      // the account is to be chosen anew, also if there is one only
	AuthAfter      time.Time // the person must have authenticated since; zero for whenever

	language Language
}

// A Scope is one permission that is asked for.
type Scope struct {
	Name        string
	Description string // a sentence that begins with a verb: "See your name"
	Required    bool   // it cannot be left out
}

// An Account is someone on whose behalf the request can be granted.
type Account struct {
	ID          string
	Username    string
	Name        string
	Granted     []string  // names of the scopes it has granted this app before
	HasPIN      bool      // whoever approves for it must know the PIN
	HasPassword bool      // it can sign in over a network
	CreatedAt   time.Time `json:",omitzero"`
}

// A Decision is what the person chose.
type Decision struct {
	Accept    bool
	AccountID string    // with Accept
	Scopes    []string  // names of those granted, with Accept; nil for all that are asked for
	PIN       string    // of the account, if it has one and AuthTime is zero
	AuthTime  time.Time // when the person authenticated; zero for now, by this decision
	ACR       string    // how: authz.ACRPresent, authz.ACRPIN; "" to say nothing
	Once      bool      // ask again the next time, even if it is the same app
}

// In returns the request as it is put in that language.
func (c Consent) In(l Language) Consent {
	c.language = l
	return c
}

// Title says what is asked, in one sentence.
func (c Consent) Title() string { return c.language.text("consent.title", "app", c.Who()) }

// Who is the app's name, fit to be shown.
func (c Consent) Who() string {
	if c.Client == "" {
		return c.language.text("fallback.name")
	}
	return displayable(c.Client)
}

// Trust says how far the name can be believed. That the system knows which app
// asks does not make the name its own: any app can ask under any.
func (c Consent) Trust() string {
	key, args := c.trust()
	return c.language.text(key, args...)
}

func (c Consent) trust() (key string, args []string) {
	args = []string{"app", c.Who(), "identity", displayable(c.Identity)}
	switch {
	case c.Identity == "":
		return "trust.unknown", args
	case c.SelfRegistered:
		return "trust.self", args
	case !c.Confirmed:
		return "trust.other", args
	}
	return "trust.confirmed", args
}

// Reach says which other APIs the app will be let into; "" for none.
func (c Consent) Reach() string {
	if len(c.Resources) == 0 {
		return ""
	}
	return c.language.text("consent.reach", "resources", c.language.list(c.resources()))
}

func (c Consent) resources() []string {
	shown := make([]string, len(c.Resources))
	for i, resource := range c.Resources {
		shown[i] = displayable(resource)
	}
	return shown
}

// Destination says where the answer goes.
func (c Consent) Destination() string {
	return c.language.text("consent.destination", "uri", displayable(c.ReturnTo))
}

// Label is what the scope allows, in the language.
func (s Scope) Label(l Language) string {
	key := "scope." + s.Name
	if _, standard := l.words().texts[key]; standard && (s.Description == "" || s.Description == Language{}.text(key)) {
		return l.text(key)
	}
	if s.Description == "" {
		return displayable(s.Name)
	}
	return displayable(s.Description)
}

// Label names an account for a list.
func (a Account) Label() string {
	if a.Name == "" || a.Name == a.Username {
		return displayable(a.Username)
	}
	return displayable(a.Name) + " (" + displayable(a.Username) + ")"
}

// Called is the account's name alone.
func (a Account) Called() string {
	if a.Name == "" {
		return displayable(a.Username)
	}
	return displayable(a.Name)
}

// Preferred is the account to offer first: the one the app expects, else the first.
func (c Consent) Preferred() Account {
	for _, a := range c.Accounts {
		if c.Hint != "" && a.Username == c.Hint {
			return a
		}
	}
	if len(c.Accounts) == 0 {
		return Account{}
	}
	return c.Accounts[0]
}

// account returns the one with that ID.
func (c Consent) account(id string) (Account, bool) {
	i := slices.IndexFunc(c.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return c.Accounts[i], true
}

// allowed are the scopes of a decision: those that must be, and those chosen.
func (c Consent) allowed(chosen []string) []string {
	allowed := make([]string, 0, len(c.Scopes))
	for _, s := range c.Scopes {
		if s.Required || slices.Contains(chosen, s.Name) {
			allowed = append(allowed, s.Name)
		}
	}
	return allowed
}
