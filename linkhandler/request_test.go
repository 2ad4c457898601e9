package linkhandler_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// parameters returns those of a good request with one replaced.
func parameters(t testing.TB, name string, values ...string) url.Values {
	t.Helper()
	query, err := url.ParseQuery(goodQuery)
	if err != nil {
		t.Fatal(err)
	}
	query[name] = values
	return query
}

func TestParseRequestLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, test := range []struct {
		name, prefix string
		max          int
		code         string
	}{
		{"client_id", "", 512, "invalid_request"},
		{"redirect_uri", "com.example.maths:/", 2048, "invalid_request"},
		{"state", "", 1024, "invalid_request"},
		{"nonce", "", 1024, "invalid_request"},
		{"prompt", "", 128, "invalid_request"},
		{"login_hint", "", 512, "invalid_request"},
		{"id_token_hint", "", 4096, "invalid_request"},
		{"request_uri", "urn:ietf:params:oauth:request_uri:", 512, "invalid_request"},
		{"scope", "", 2048, "invalid_scope"},
		{"resource", "urn:example:", 2048, "invalid_target"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fits := test.prefix + long(test.max-len(test.prefix))
			if _, err := linkhandler.ParseRequest(parameters(t, test.name, fits)); err != nil {
				t.Errorf("%d bytes: %v", test.max, err)
			}
			_, err := linkhandler.ParseRequest(parameters(t, test.name, fits+"a"))
			checkRefused(t, err, test.code, test.name)
		})
	}
}

func checkRefused(t *testing.T, err error, code, parameter string) {
	t.Helper()
	var wrong *linkhandler.LinkError
	if !errors.As(err, &wrong) || wrong.Code != code || wrong.Parameter != parameter {
		t.Errorf("got error %v, want %s about %s", err, code, parameter)
	}
}

// Pushed parameters have not been through a link, so nothing has looked at their
// bytes before.
func TestParseRequestRefusesRawBytes(t *testing.T) {
	for _, name := range []string{"client_id", "redirect_uri", "state", "nonce", "prompt", "login_hint", "id_token_hint", "request_uri"} {
		for _, raw := range []string{"a\x00b", "a\nb", "a\x7fb", "a\xffb", "a\u202eb", "a\u0085b"} {
			t.Run(fmt.Sprintf("%s %q", name, raw), func(t *testing.T) {
				_, err := linkhandler.ParseRequest(parameters(t, name, raw))
				checkRefused(t, err, "invalid_request", name)
			})
		}
	}
}

func TestParseRequestCounts(t *testing.T) {
	many := parameters(t, "x", "1")
	for i := range 64 {
		many.Set(fmt.Sprint("x", i), "1")
	}
	_, err := linkhandler.ParseRequest(many)
	checkRefused(t, err, "invalid_request", "link")

	resources := make([]string, 16)
	for i := range resources {
		resources[i] = fmt.Sprint("urn:example:", i)
	}
	r, err := linkhandler.ParseRequest(parameters(t, "resource", resources...))
	if err != nil || !reflect.DeepEqual(r.Resources, resources) {
		t.Errorf("got %v, %v", r, err)
	}
	_, err = linkhandler.ParseRequest(parameters(t, "resource", append(resources, "urn:example:16")...))
	checkRefused(t, err, "invalid_target", "resource")
}

func TestParseRequestOfNothing(t *testing.T) {
	for _, query := range []url.Values{nil, {}, {"client_id": nil}, {"client_id": {}}} {
		_, err := linkhandler.ParseRequest(query)
		checkRefused(t, err, "invalid_request", "client_id")
	}
	// A name without values is a parameter that was not sent.
	r, err := linkhandler.ParseRequest(parameters(t, "state"))
	if err != nil || r.State != nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestValuesAreReadBack(t *testing.T) {
	state, age := "", 0
	for name, want := range map[string]*linkhandler.Request{
		"all": {
			ClientID: "maths", RedirectURI: "http://127.0.0.1:51004/done", ResponseType: "code",
			Scopes: []string{"openid", "xapi"}, State: &state,
			CodeChallenge: challenge, CodeChallengeMethod: "S256",
			Nonce: "n", Prompt: "login consent", LoginHint: "عائشة", IDTokenHint: "a.b.c", MaxAge: &age,
			Resources: []string{"https://lms.example/xapi", "urn:example:api"},
		},
		"pushed": {ClientID: "maths", RequestURI: "urn:ietf:params:oauth:request_uri:abc"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := linkhandler.ParseRequest(want.Values())
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}
