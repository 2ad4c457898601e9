package linkhandler

import "strings"

// ParseLaunchLink reads the link with which an app was opened as a lesson. Which
// format it is in shows from its parameters: fetch is CMI5, respectLaunchVersion is
// RESPECT, anything else Rustici. Unknown parameters, such as those the app's own
// links have, are ignored; one that occurs twice is refused.
//
// Nothing of it is verified: any app can launch any link. What it says of the
// service is a hint, and the credentials are good only for the endpoint beside them.
//
// The error is an [*InvalidError]. Its Parameter is "endpoint" if this is no launch
// link at all, but another link to the app.
func ParseLaunchLink(link string) (*LaunchLink, error) {
	u, err := splitURI(link, maxLink)
	if err != nil {
		return nil, refused("link", err)
	}
	query, err := parseQuery(u.query)
	if err != nil {
		return nil, refused("link", err)
	}
	if name, found := repeated(query); found {
		return nil, &InvalidError{displayName(name), "occurs more than once"}
	}
	if query.Get("endpoint") == "" {
		return nil, &InvalidError{"endpoint", "is missing"}
	}
	l := &LaunchLink{
		Endpoint:     query.Get("endpoint"),
		Fetch:        query.Get("fetch"),
		Actor:        query.Get("actor"),
		Registration: query.Get("registration"),
	}
	if err := l.readFormat(query.Get("respectLaunchVersion")); err != nil {
		return nil, err
	}
	if l.Format == RESPECT {
		l.Package = query.Get("xapiIpcPackage")
	}
	l.ActivityID = query.Get(l.activityParameter())
	if !strings.HasSuffix(l.Endpoint, "/") {
		l.Endpoint += "/" // as every client of these formats does
	}
	if auth := query.Get("auth"); auth != "" {
		ok := false
		if l.Username, l.Password, ok = parseAuthorization(auth); !ok {
			return nil, &InvalidError{"auth", "is not «Basic» and credentials in base64 (RFC 7617)"}
		}
	}
	if l.IPCService, err = readService(query); err != nil {
		return nil, refused("ipc-service", err)
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *LaunchLink) readFormat(version string) error {
	switch {
	case l.Fetch != "":
		l.Format = CMI5
	case version != "":
		l.Format = RESPECT
	default:
		l.Format = Rustici
	}
	if version != "" && version != "1" {
		return &InvalidError{"respectLaunchVersion", "is not 1, the one version known here"}
	}
	if version != "" && l.Format == CMI5 {
		return &InvalidError{"respectLaunchVersion", "occurs together with fetch: which format is it?"}
	}
	return nil
}
