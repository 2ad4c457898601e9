package linkhandler

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// check is the same for a link that is built and one that was received.
func (l *LaunchLink) check() error {
	for _, step := range []func() error{l.checkFormat, l.checkEndpoint, l.checkCredentials, l.checkActor, l.checkLesson, l.checkService} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (l *LaunchLink) checkFormat() error {
	switch l.Format {
	case Rustici, RESPECT, CMI5:
		return nil
	}
	return &InvalidError{"format", "is none of rustici, respect, cmi5"}
}

func (l *LaunchLink) checkEndpoint() error {
	if l.Endpoint == "" {
		return &InvalidError{"endpoint", "is missing"}
	}
	u, err := splitHTTPS(l.Endpoint)
	if err == nil && (u.hasQuery || !strings.HasSuffix(u.path, "/")) {
		err = errors.New("has a query, or no slash at its end")
	}
	if err != nil {
		return refused("endpoint", err)
	}
	return nil
}

// splitHTTPS cuts an https URL with a host. Credentials and what a learner does are
// not sent in the clear.
func splitHTTPS(s string) (uri, error) {
	u, err := splitURI(s, maxURI)
	if err != nil {
		return uri{}, err
	}
	if u.scheme != "https" {
		return uri{}, errors.New("is not an https URL")
	}
	_, err = parseAuthority(u.authority)
	return u, err
}

// checkCredentials wants what the format has: credentials, or the place to fetch
// them from, and never both.
func (l *LaunchLink) checkCredentials() error {
	if l.Format != CMI5 {
		return l.checkBasic()
	}
	switch {
	case l.Fetch == "":
		return &InvalidError{"fetch", "is missing"}
	case l.Username != "" || l.Password != "":
		return &InvalidError{"auth", "occurs together with fetch"}
	}
	if _, err := splitHTTPS(l.Fetch); err != nil {
		return refused("fetch", err)
	}
	return nil
}

func (l *LaunchLink) checkBasic() error {
	switch {
	case l.Fetch != "":
		return &InvalidError{"fetch", "is of the format cmi5 alone"}
	case l.Username == "":
		return &InvalidError{"auth", "is missing, or has no username"}
	case len(l.Username) > maxCredential || len(l.Password) > maxCredential:
		return &InvalidError{"auth", fmt.Sprintf("has more than %d bytes in its username or password", maxCredential)}
	case strings.Contains(l.Username, ":") || !isVisible(l.Username) || !isVisible(l.Password):
		return &InvalidError{"auth", "has characters other than visible ASCII, or a colon in its username"}
	}
	return nil
}

// checkActor looks no further than who the learner is: the rest is for a learning
// record store to judge.
func (l *LaunchLink) checkActor() error {
	var actor struct {
		Mbox    string `json:"mbox"`
		Sha1    string `json:"mbox_sha1sum"`
		OpenID  string `json:"openid"`
		Account *struct {
			HomePage string `json:"homePage"`
			Name     string `json:"name"`
		} `json:"account"`
	}
	switch {
	case l.Actor == "":
		return &InvalidError{"actor", "is missing"}
	case len(l.Actor) > maxActor:
		return &InvalidError{"actor", fmt.Sprintf("is longer than %d bytes", maxActor)}
	case !isText(l.Actor) || json.Unmarshal([]byte(l.Actor), &actor) != nil || l.Actor[0] != '{':
		return &InvalidError{"actor", "is not an xAPI Agent in JSON on one line"}
	}
	account := actor.Account != nil && actor.Account.HomePage != "" && actor.Account.Name != ""
	switch {
	case l.Format == CMI5 && !account:
		return &InvalidError{"actor", "has no account, which cmi5 wants (cmi5 section 9.2)"}
	case !account && actor.Mbox+actor.Sha1+actor.OpenID == "":
		return &InvalidError{"actor", "says of nobody who it is: it has no account, mbox, mbox_sha1sum or openid"}
	}
	return nil
}

func (l *LaunchLink) checkLesson() error {
	switch {
	case l.Registration != "" && !isUUID(l.Registration):
		return &InvalidError{"registration", "is not a UUID"}
	case l.Registration == "" && l.Format == CMI5:
		return &InvalidError{"registration", "is missing"}
	case l.ActivityID == "" && l.Format != Rustici:
		return &InvalidError{l.activityParameter(), "is missing"}
	case l.ActivityID != "" && !isIRI(l.ActivityID):
		return &InvalidError{l.activityParameter(), "is not an IRI of at most 2 KiB"}
	}
	return nil
}

func (l *LaunchLink) checkService() error {
	foreign := func(r rune) bool { return r > 0x7E || !isAlphanumeric(byte(r)) && r != '.' && r != '_' }
	switch {
	case len(l.IPCService) > maxService || !isVisible(l.IPCService):
		return &InvalidError{"ipc-service", fmt.Sprintf("is longer than %d bytes, or not visible ASCII", maxService)}
	case l.Package != "" && l.Format != RESPECT:
		return &InvalidError{"xapiIpcPackage", "is of the format respect alone"}
	case len(l.Package) > maxService || strings.ContainsFunc(l.Package, foreign):
		return &InvalidError{"xapiIpcPackage", "is not the name of a package"}
	}
	return nil
}

// isUUID reports whether s is one in the spelling of RFC 4122 section 3.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !isHex(s[i]) {
			return false
		}
	}
	return true
}

// isIRI reports whether s may be an IRI (RFC 3987) that is absolute.
func isIRI(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	first := func(r rune) bool { return !isAlphanumeric(byte(r)) && !strings.ContainsRune("+-.", r) || r > 0x7E }
	if !found || scheme == "" || '0' <= scheme[0] && scheme[0] <= '9' || strings.ContainsFunc(scheme, first) || rest == "" || len(s) > maxURI {
		return false
	}
	return isText(s) && !strings.ContainsAny(s, "<>\"{}|\\^`") && !strings.ContainsFunc(s, unicode.IsSpace)
}
