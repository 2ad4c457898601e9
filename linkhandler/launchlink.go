package linkhandler

import (
	"encoding/base64"
	"strings"
)

// A LaunchFormat is one of the conventions by which a launcher tells a lesson where
// to record what a learner does.
type LaunchFormat string

const (
	// Rustici is the launch of Tin Can packages: endpoint, auth, actor,
	// registration, activity_id.
	Rustici LaunchFormat = "rustici"
	// RESPECT is that of the RESPECT launcher, version 1: as Rustici, with
	// respectLaunchVersion and perhaps xapiIpcPackage.
	RESPECT LaunchFormat = "respect"
	// CMI5 is that of cmi5 section 8.1: endpoint, fetch, actor, registration,
	// activityId. The credentials are not in the link; the lesson fetches them once.
	CMI5 LaunchFormat = "cmi5"
)

// A LaunchLink is what a launch link says: an app is opened as a lesson, and told
// whose, and where to record it. All formats have the same meaning here.
type LaunchLink struct {
	Format       LaunchFormat
	Endpoint     string // base URL of the learning record store, https, ending in a slash
	Username     string // of the Basic credentials of this launch (RFC 7617); "" for CMI5
	Password     string
	Fetch        string // https URL to POST to, once, for the credentials; CMI5 only
	Actor        string // the learner, an xAPI Agent as JSON
	Registration string // a UUID; "" if there is none
	ActivityID   string // IRI of the lesson; "" if there is none
	IPCService   string // where Endpoint is served on this device, a hint to be verified; "" if only online
	Package      string // the parameter xapiIpcPackage; RESPECT only
}

const (
	maxActor      = 4 << 10
	maxCredential = 512 // bytes of a username or password
)

// launchParameters are the names that a launch link adds to its target, in the
// order in which they are written.
var launchParameters = []string{"endpoint", "auth", "fetch", "actor", "registration", "activity_id", "activityId",
	"ipc-service", "ipc-server", "xapiIpcPackage", "respectLaunchVersion"}

// BuildLaunchLink adds l to target, the URI at which the app is opened: one that a
// redirect URI could be (see [ParseRedirectURI]) and that has no parameter of
// these in its query. The link has at most 8 KiB.
//
// The error is an [*InvalidError]; Parameter is "target" if that is refused.
func BuildLaunchLink(target string, l LaunchLink) (string, error) {
	if _, err := parseReceiver(target, launchParameters); err != nil {
		return "", refused("target", err)
	}
	if err := l.check(); err != nil {
		return "", err
	}
	link := target
	for _, name := range launchParameters {
		if value := l.parameter(name); value != "" {
			link = appendParameter(link, name, value)
		}
	}
	if len(link) > maxLink {
		return "", &InvalidError{"link", "is longer than 8 KiB"}
	}
	return link, nil
}

// parameter is the value that the format gives a parameter; "" leaves it out.
func (l *LaunchLink) parameter(name string) string {
	switch name {
	case "endpoint":
		return l.Endpoint
	case "auth":
		return l.Authorization()
	case "fetch":
		return l.Fetch
	case "actor":
		return l.Actor
	case "registration":
		return l.Registration
	case l.activityParameter():
		return l.ActivityID
	case "ipc-service":
		return l.IPCService
	case "xapiIpcPackage":
		return l.Package
	case "respectLaunchVersion":
		if l.Format == RESPECT {
			return "1"
		}
	}
	return ""
}

func (l *LaunchLink) activityParameter() string {
	if l.Format == CMI5 {
		return "activityId"
	}
	return "activity_id"
}

// Authorization is the value of the Authorization header that the credentials of
// the link make; "" if it has none.
func (l *LaunchLink) Authorization() string {
	if l.Username == "" {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(l.Username+":"+l.Password))
}

// parseAuthorization reads the credentials as they come in a link. Some launchers
// write them without the scheme.
func parseAuthorization(value string) (username, password string, ok bool) {
	encoded := value
	if scheme, rest, found := strings.Cut(value, " "); found {
		if !strings.EqualFold(scheme, "Basic") {
			return "", "", false
		}
		encoded = strings.TrimLeft(rest, " ")
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}
