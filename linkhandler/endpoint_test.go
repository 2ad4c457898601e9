package linkhandler_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636 appendix B
	goodQuery = "client_id=maths&redirect_uri=com.example.maths%3A%2Fdone&response_type=code" +
		"&code_challenge=" + challenge + "&code_challenge_method=S256"
	goodLink = "https://lms.example/authorize?" + goodQuery
)

func endpoint(t testing.TB) linkhandler.Endpoint {
	t.Helper()
	e, err := linkhandler.NewEndpoint("https://lms.example", "com.example.lms")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// parseError returns the refusal of a link.
func parseError(t *testing.T, link string) *linkhandler.LinkError {
	t.Helper()
	_, err := endpoint(t).Parse(link)
	var wrong *linkhandler.LinkError
	if !errors.As(err, &wrong) {
		t.Fatalf("got error %v, want a LinkError", err)
	}
	return wrong
}

func TestZeroEndpointAnswersNothing(t *testing.T) {
	for _, link := range []string{goodLink, "/authorize?" + goodQuery, ":/authorize?" + goodQuery, "?" + goodQuery, ""} {
		if _, err := (linkhandler.Endpoint{}).Parse(link); err == nil {
			t.Errorf("%q was answered", link)
		}
	}
}

func TestEndpointWithoutCustomScheme(t *testing.T) {
	e, err := linkhandler.NewEndpoint("https://lms.example", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{":/authorize?", "://authorize?", "/authorize?", "com.example.lms:/authorize?"} {
		if _, err := e.Parse(target + goodQuery); err == nil {
			t.Errorf("%s was answered", target)
		}
	}
}

func TestLinkLength(t *testing.T) {
	fits := goodLink + "&x=" + strings.Repeat("a", 8<<10-len(goodLink)-3)
	if _, err := endpoint(t).Parse(fits); err != nil {
		t.Errorf("a link of 8 KiB: %v", err)
	}
	wrong := parseError(t, fits+"a")
	if wrong.Parameter != "link" || wrong.Reason != "is longer than 8192 bytes" || wrong.Request != nil {
		t.Errorf("got %v, with request %v", wrong, wrong.Request)
	}
}

func TestNumberOfParameters(t *testing.T) {
	if _, err := endpoint(t).Parse(goodLink + strings.Repeat("&", 64-5)); err != nil {
		t.Errorf("64 pairs: %v", err)
	}
	if wrong := parseError(t, goodLink+strings.Repeat("&", 64)); wrong.Parameter != "link" {
		t.Errorf("got %v", wrong)
	}
}

// What can be answered by a redirect comes with what the redirect needs, and with
// nothing that was not checked.
func TestLinkErrorRequest(t *testing.T) {
	wrong := parseError(t, goodLink+"&state=xyz&prompt=none+login&login_hint=a")
	if !wrong.Redirectable() {
		t.Fatalf("%v is not redirectable", wrong)
	}
	r := wrong.Request
	if r.ClientID != "maths" || r.RedirectURI != "com.example.maths:/done" || r.State == nil || *r.State != "xyz" {
		t.Errorf("got %+v", r)
	}
	if r.CodeChallenge != "" || r.LoginHint != "" || r.ResponseType != "" {
		t.Errorf("the refused request still has %+v", r)
	}
}

func TestLinkErrorLeavesOutBadState(t *testing.T) {
	for _, bad := range []string{"&state=a&state=b", "&state=%C3%A9", "&state=" + strings.Repeat("a", 1025)} {
		wrong := parseError(t, goodLink+bad)
		if wrong.Parameter != "state" || !wrong.Redirectable() || wrong.Request.State != nil {
			t.Errorf("%.20s: got %v, state %v", bad, wrong, wrong.Request.State)
		}
	}
}

// Names that nobody knows are text by a stranger, and are not repeated to a person.
func TestLinkErrorDoesNotRepeatOddNames(t *testing.T) {
	for _, name := range []string{strings.Repeat("n", 65), "call%20555-1234%20now", "%E2%80%AEabc", "%3Cb%3E"} {
		if wrong := parseError(t, goodLink+"&"+name+"=1&"+name+"=2"); wrong.Parameter != "a parameter" {
			t.Errorf("got %v", wrong)
		}
	}
}

func TestLinkErrorText(t *testing.T) {
	got := parseError(t, "https://lms.example/authorize?client_id=maths").Error()
	if want := "invalid_request: redirect_uri is missing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedirectableOfNothing(t *testing.T) {
	for _, request := range []*linkhandler.Request{nil, {}, {ClientID: "maths"}, {RedirectURI: appURI}} {
		if (&linkhandler.LinkError{Request: request}).Redirectable() {
			t.Errorf("an error with the request %+v is redirectable", request)
		}
	}
}
