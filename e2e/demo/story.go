package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/e2e/device"
)

// A story tells what happens as a person would want to hear it.
type story struct {
	out     io.Writer
	verbose bool

	mu      sync.Mutex
	telling bool // not while the device is being set up
	started time.Time
	steps   int
	asked   map[string]int // how often each endpoint was asked
}

func (s *story) begin(offline error, st *stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.telling, s.started, s.asked = true, time.Now(), map[string]int{}
	network := "none: this runs in a network namespace without any interface"
	if offline != nil {
		network = "not needed, but there: the kernel refused a namespace without one (" + offline.Error() + ")"
	}
	identities := "each app has a uid of its own, so the system vouches for who calls"
	if !st.ownUIDs {
		identities = "all apps have one uid, so the system cannot vouch for who calls (run as root to see it do so)"
	}
	fmt.Fprintf(s.out, "A login between two apps of one device.\n\n")
	fmt.Fprintf(s.out, "  network             %s\n", network)
	fmt.Fprintf(s.out, "  authorization app   %s, the program offlineauth; not running\n", authApp)
	fmt.Fprintf(s.out, "  client app          %s, examples/mathsapp; not running\n", mathsApp)
	fmt.Fprintf(s.out, "  identities          %s\n\n", identities)
}

func (s *story) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[issuer+"/token"] == 0 {
		fmt.Fprintf(s.out, "\nDone: nothing was shared. %d steps in %s, and no network.\n", s.steps, round(time.Since(s.started)))
		return
	}
	fmt.Fprintf(s.out, "\nDone: logged in, read, refreshed, revoked, refused; a lesson recorded, with no login. %d steps in %s, and no network.\n", s.steps, round(time.Since(s.started)))
	s.telling = false
}

// loggedIn reports whether the person said yes.
func (s *story) loggedIn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[issuer+"/token"] > 0
}

// step prints one step; the caller holds s.mu.
func (s *story) step(title string, details ...string) {
	s.steps++
	fmt.Fprintf(s.out, "%2d  %-8s %s\n", s.steps, round(time.Since(s.started)), title)
	for _, detail := range details {
		fmt.Fprintf(s.out, "             %s\n", detail)
	}
}

// event tells what the device did.
func (s *story) event(e device.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.telling {
		return
	}
	switch e.Kind {
	case device.AppStarted:
		s.step(fmt.Sprintf("%s starts (process %d)", e.App, e.PID))
	case device.LinkLaunched:
		s.link(e)
	case device.LinkRefused:
		s.step(fmt.Sprintf("nobody takes the link %s: %v", e.URI, e.Err))
	case device.ServiceWoken:
		s.step(fmt.Sprintf("the device wakes the service of %s (process %d)", e.App, e.PID), "somebody connected to "+e.Address.String())
	case device.ServiceFailed:
		s.step(fmt.Sprintf("the service of %s fails: %v", e.App, e.Err))
	case device.ProcessEnded:
		if e.Err != nil {
			s.step(fmt.Sprintf("process %d of %s ends: %v", e.PID, e.App, e.Err))
		}
	}
}

func (s *story) link(e device.Event) {
	title := fmt.Sprintf("%s launches a link, which opens %s", e.From, e.App)
	switch {
	case strings.HasPrefix(e.URI, mathsApp+":/lesson"):
		title = fmt.Sprintf("%s opens %s as a lesson", e.From, e.App)
	case e.App == mathsApp:
		title = fmt.Sprintf("%s answers: the redirect goes to %s", e.From, e.App)
	}
	base, query, _ := strings.Cut(e.URI, "?")
	details := []string{base}
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		details = append(details, fmt.Sprintf("  %-22s %s", name, value))
	}
	s.step(title, details...)
}

// An exchange is one request and its answer, as the client app reports it.
type exchange struct {
	Wire, Method, URL, Status, Refused string
	Took                               time.Duration
	Request, Response                  []byte
}

// appOutput tells what the client app writes: its exchanges, and its own words.
func (s *story) appOutput() io.Writer { return &lineWriter{line: s.line} }

// A lineWriter passes on whole lines.
type lineWriter struct {
	line    func([]byte)
	pending []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.pending = append(w.pending, b...)
	for {
		line, rest, whole := bytes.Cut(w.pending, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		w.line(line)
		w.pending = rest
	}
}

func (s *story) line(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var e exchange
	if json.Unmarshal(line, &e) == nil && e.Method != "" {
		s.exchange(e)
		return
	}
	s.step(fmt.Sprintf("%s says: %s", mathsApp, line))
}

func (s *story) exchange(e exchange) {
	s.asked[e.URL]++
	details := []string{fmt.Sprintf("%s wire, %d bytes there, %d bytes back, %s", e.Wire, len(e.Request), len(e.Response), round(e.Took))}
	if why := s.why(e); why != "" {
		details = append(details, why)
	}
	s.step(fmt.Sprintf("%s %s: %s", e.Method, e.URL, e.Status), details...)
	if s.verbose {
		s.bytes("> ", e.Request)
		s.bytes("< ", e.Response)
	}
}

func (s *story) bytes(mark string, b []byte) {
	for line := range strings.Lines(string(b)) {
		fmt.Fprintf(s.out, "             %s%s\n", mark, strings.TrimRight(line, "\r\n"))
	}
}

// why says what an exchange is for.
func (s *story) why(e exchange) string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	switch again := s.asked[e.URL] > 1; {
	case strings.HasPrefix(u.Path, "/.well-known/"):
		return "the client learns where the endpoints are, and that the issuer is who it should be"
	case u.Path == "/par":
		return "the request goes ahead of the link, so that the system can say who asks"
	case u.Path == "/jwks":
		return "the keys the ID token is checked with"
	case u.Path == "/token" && again:
		return "the refresh token for a new access token, and its own successor"
	case u.Path == "/token":
		return "the code and its proof key for tokens; the code is good for this once"
	case u.Path == "/revoke":
		return "the person has enough: the login ends, at once and for all its tokens"
	case u.Path == "/xapi/statements" && e.Method == "POST":
		return "a statement of what Amina has learned, with the credentials of the launch: no login is needed"
	case u.Path == "/xapi/statements":
		return "and it is there: the learning record store is in the authorization app"
	case u.Path == "/userinfo" && e.Refused != "":
		return "the revoked token is refused: " + e.Refused
	case u.Path == "/userinfo":
		return "a REST resource, with the access token: the same URL as online"
	}
	return ""
}

func round(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
