package linkhandler_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

const appURI = "com.example.maths:/done"

// The longest response to the longest redirect URI, with every byte of it encoded,
// can still be read.
func TestLongestResponseIsRead(t *testing.T) {
	long := func(n int) string { return strings.Repeat("%", n) }
	state := long(1024)
	uri := "com.example.maths:/" + strings.Repeat("a", 2048-19)
	for name, want := range map[string]linkhandler.Response{
		"code": {Code: long(1024), State: &state, Issuer: long(512), IPCService: long(512)},
		"error": {
			Error: long(128), ErrorDescription: long(512), State: &state, Issuer: long(512), IPCService: long(512),
			ErrorURI: "https://a.example/" + strings.Repeat("/", 2048-18),
		},
	} {
		t.Run(name, func(t *testing.T) {
			redirect, err := linkhandler.BuildRedirect(uri, want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := linkhandler.ParseResponse(uri, redirect)
			if err != nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("a redirect of %d bytes: got %+v, %v", len(redirect), got, err)
			}
		})
	}
}

func TestResponseLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	state := long(1025)
	for parameter, response := range map[string]linkhandler.Response{
		"code":        {Code: long(1025)},
		"state":       {Code: "c", State: &state},
		"iss":         {Code: "c", Issuer: long(513)},
		"ipc-service": {Code: "c", IPCService: long(513)},
		"error":       {Error: long(129)},
		"error_uri":   {Error: "e", ErrorURI: "https://a.example/" + long(2048)},
	} {
		t.Run(parameter, func(t *testing.T) {
			_, err := linkhandler.BuildRedirect(appURI, response)
			checkInvalid(t, err, &vectorError{Parameter: parameter})
		})
	}
	_, err := linkhandler.ParseResponse(appURI, appURI+"?code=c&x="+long(16<<10))
	checkInvalid(t, err, &vectorError{Parameter: "redirect"})
}

// An error must reach the client even if its description is not fit to be sent.
func TestDescriptionIsCut(t *testing.T) {
	redirect, err := linkhandler.BuildRedirect(appURI, linkhandler.Response{Error: "e", ErrorDescription: strings.Repeat("é", 600)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := linkhandler.ParseResponse(appURI, redirect)
	if err != nil || r.ErrorDescription != strings.Repeat("?", 512) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestRefusedResponseIsNotReturned(t *testing.T) {
	if r, err := linkhandler.ParseResponse(appURI, appURI+"?code=c&error=e"); r != nil || err == nil {
		t.Errorf("got %+v, %v", r, err)
	}
	if uri, err := linkhandler.BuildRedirect(appURI, linkhandler.Response{}); uri != "" || err == nil {
		t.Errorf("got %q, %v", uri, err)
	}
}
