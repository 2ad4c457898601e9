package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// A LessonConfig says how an app that is launched as a lesson sends its requests.
// The fields mean what those of [Config] do; the zero value is for launches over
// the network.
type LessonConfig struct {
	// Services decides which `ipc-service` belongs to the origin of the link's
	// endpoint, such as "https://lms.example", which stands in the place of the
	// issuer. nil accepts none.
	Services Verifier

	// Store keeps credentials that can be fetched only once (cmi5), for when the
	// app is opened again with the same link. nil keeps them in memory.
	Store Store

	HTTPClient *http.Client
	Connect    func(ipcapi.Address) (http.RoundTripper, error)
	Logger     *slog.Logger
}

// A Lesson is what a launch link opened: who learns what, and where to record it.
type Lesson struct {
	Client       *http.Client // sends the credentials of the launch, to the endpoint's origin alone
	Endpoint     string       // base URL of the learning record store, ending in a slash
	Actor        string       // the learner, an xAPI Agent as JSON
	ActivityID   string       // IRI of the lesson; "" if the link has none
	Registration string       // UUID; "" if the link has none
}

// OpenLesson takes the link that the app was launched with (see
// [linkhandler.ParseLaunchLink]) and needs no login: the link carries credentials
// for this launch, or a place to fetch them from, which is asked once. ctx is for
// this call alone.
//
// When the credentials are over, requests are answered with 401: the person has to
// launch the lesson again.
//
// The errors are [ErrLaunchLink]; an [*UnverifiedServiceError], and then nothing was
// sent; a [*FetchError]; and those of the transport and the Store.
func OpenLesson(ctx context.Context, link string, cfg LessonConfig) (*Lesson, error) {
	l, err := linkhandler.ParseLaunchLink(link)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLaunchLink, err)
	}
	c := &Client{
		cfg:    Config{Issuer: originOf(l.Endpoint), Services: cfg.Services, Store: cfg.Store, HTTPClient: cfg.HTTPClient, Connect: cfg.Connect, Logger: cfg.Logger},
		origin: originOf(l.Endpoint),
	}
	c.setDefaults()
	if l.Fetch != "" {
		c.addOther(originOf(l.Fetch))
	}
	p, err := c.plan(ctx, l.IPCService)
	if err != nil {
		return nil, err
	}
	if fetch := originOf(l.Fetch); l.IPCService != "" && l.Fetch != "" && fetch != c.origin && len(p[fetch]) == 0 {
		return nil, fmt.Errorf("%w: its endpoint is on this device, and its credentials are to be fetched from the network", ErrLaunchLink)
	}
	routes, err := c.connect(p)
	if err != nil {
		return nil, err
	}
	authorization := l.Authorization()
	if l.Fetch != "" {
		if authorization, err = c.fetchOnce(ctx, l, c.endpointsClient(routes[originOf(l.Fetch)].endpoints)); err != nil {
			return nil, err
		}
	}
	// The credentials go to the endpoint's origin, wherever they came from.
	transport := &lessonTransport{authorization, apiTransport{routes: map[string]route{c.origin: routes[c.origin]}}}
	client := &http.Client{Transport: transport, CheckRedirect: transport.checkRedirect, Timeout: c.cfg.HTTPClient.Timeout}
	return &Lesson{Client: client, Endpoint: l.Endpoint, Actor: l.Actor, ActivityID: l.ActivityID, Registration: l.Registration}, nil
}

// A lessonTransport carries the requests of a lesson.
type lessonTransport struct {
	authorization string
	apiTransport
}

// RoundTrip sends nothing to another origin than the endpoint's.
func (t *lessonTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	way, err := t.way(r)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", t.authorization)
	return patient{way.apis}.RoundTrip(r)
}

// ErrLaunchLink: what the app was opened with is no launch link, or a malformed
// one. Nothing was sent. If its parameter endpoint is missing it may be another link
// to the app.
var ErrLaunchLink = errors.New("not a launch link")

// A FetchError is the refusal of credentials that can be fetched once (cmi5
// section 8.2.3). With Code "1" they were fetched before, or are over; with "2" the
// launch is for another app; with "3" the server failed. An empty Code is an answer
// that is not one of cmi5. Ask the person to launch the lesson again.
type FetchError struct {
	Code string
	Text string // for developers; may be empty
}

func (e *FetchError) Error() string {
	return "the credentials of the launch could not be fetched: " + described(e.Code, e.Text)
}
