package linkhandler_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

type vectorError struct {
	Code         string `json:"code"`
	Parameter    string `json:"parameter"`
	Redirectable bool   `json:"redirectable"`
}

type linkVectors struct {
	About   string `json:"about"`
	Issuers []struct {
		Name         string       `json:"name"`
		Issuer       string       `json:"issuer"`
		CustomScheme string       `json:"custom_scheme"`
		Endpoint     string       `json:"endpoint"`
		Error        *vectorError `json:"error"`
	} `json:"issuers"`
	Endpoints []struct {
		Issuer       string       `json:"issuer"`
		CustomScheme string       `json:"custom_scheme"`
		Links        []linkVector `json:"links"`
	} `json:"endpoints"`
}

type linkVector struct {
	Name    string         `json:"name"`
	Link    string         `json:"link"`
	Request *requestVector `json:"request"`
	Error   *vectorError   `json:"error"`
}

type requestVector struct {
	ClientID            string   `json:"client_id"`
	RedirectURI         string   `json:"redirect_uri"`
	ResponseType        string   `json:"response_type"`
	Scopes              []string `json:"scope"`
	State               *string  `json:"state"`
	CodeChallenge       string   `json:"code_challenge"`
	CodeChallengeMethod string   `json:"code_challenge_method"`
	DPoPKey             string   `json:"dpop_jkt"`
	Nonce               string   `json:"nonce"`
	Prompt              string   `json:"prompt"`
	LoginHint           string   `json:"login_hint"`
	IDTokenHint         string   `json:"id_token_hint"`
	RequestURI          string   `json:"request_uri"`
	MaxAge              *int     `json:"max_age"`
	Resources           []string `json:"resource"`
}

type redirectVectors struct {
	About string `json:"about"`
	Parse []struct {
		Name  string       `json:"name"`
		URI   string       `json:"uri"`
		Kind  string       `json:"kind"`
		Error *vectorError `json:"error"`
	} `json:"parse"`
	Match []struct {
		Name       string `json:"name"`
		Registered string `json:"registered"`
		Requested  string `json:"requested"`
		Matches    bool   `json:"matches"`
	} `json:"match"`
	Build []responseVector `json:"build"`
	Read  []responseVector `json:"read"`
}

type responseVector struct {
	Name        string        `json:"name"`
	RedirectURI string        `json:"redirect_uri"`
	Response    *responseJSON `json:"response"`
	Redirect    string        `json:"redirect"`
	Received    string        `json:"received"`
	Error       *vectorError  `json:"error"`
}

type responseJSON struct {
	Code             string  `json:"code"`
	State            *string `json:"state"`
	Issuer           string  `json:"iss"`
	IPCService       string  `json:"ipc-service"`
	Error            string  `json:"error"`
	ErrorDescription string  `json:"error_description"`
	ErrorURI         string  `json:"error_uri"`
}

// readVectors reads a file of test vectors that other languages read too.
func readVectors[T any](t testing.TB, name string) T {
	t.Helper()
	file, err := os.Open("../docs/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var vectors T
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&vectors); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return vectors
}

func links(t testing.TB) linkVectors {
	vectors := readVectors[linkVectors](t, "links.json")
	if len(vectors.Issuers) == 0 || len(vectors.Endpoints) == 0 {
		t.Fatal("links.json has no vectors")
	}
	for _, endpoint := range vectors.Endpoints {
		if len(endpoint.Links) == 0 {
			t.Fatalf("links.json has no links for %s", endpoint.Issuer)
		}
	}
	return vectors
}

func redirects(t testing.TB) redirectVectors {
	vectors := readVectors[redirectVectors](t, "redirects.json")
	if len(vectors.Parse) == 0 || len(vectors.Match) == 0 || len(vectors.Build) == 0 || len(vectors.Read) == 0 {
		t.Fatal("redirects.json lacks vectors")
	}
	return vectors
}

// checkInvalid checks that err refuses the parameter that a vector says.
func checkInvalid(t *testing.T, err error, want *vectorError) {
	t.Helper()
	var invalid *linkhandler.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got error %v, want an InvalidError about %s", err, want.Parameter)
	}
	if invalid.Parameter != want.Parameter {
		t.Errorf("got %q, want an error about %s", err, want.Parameter)
	}
	if invalid.Reason == "" || strings.HasSuffix(invalid.Reason, ".") {
		t.Errorf("%q is not the rest of a sentence", invalid.Reason)
	}
}

func TestIssuerVectors(t *testing.T) {
	for _, v := range links(t).Issuers {
		t.Run(v.Name, func(t *testing.T) {
			endpoint, err := linkhandler.NewEndpoint(v.Issuer, v.CustomScheme)
			if v.Error != nil {
				checkInvalid(t, err, v.Error)
				return
			}
			if err != nil || endpoint.URL() != v.Endpoint {
				t.Errorf("got %q, %v; want %q", endpoint.URL(), err, v.Endpoint)
			}
		})
	}
}

func TestLinkVectors(t *testing.T) {
	for _, group := range links(t).Endpoints {
		endpoint, err := linkhandler.NewEndpoint(group.Issuer, group.CustomScheme)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range group.Links {
			t.Run(v.Name, func(t *testing.T) { checkLink(t, endpoint, v) })
		}
	}
}

func checkLink(t *testing.T, endpoint linkhandler.Endpoint, v linkVector) {
	request, err := endpoint.Parse(v.Link)
	if v.Request != nil {
		if err != nil {
			t.Fatal(err)
		}
		want := linkhandler.Request(*v.Request)
		if !reflect.DeepEqual(request, &want) {
			t.Errorf("got %+v, want %+v", *request, want)
		}
		return
	}
	var wrong *linkhandler.LinkError
	if !errors.As(err, &wrong) {
		t.Fatalf("got error %v, want a LinkError", err)
	}
	got := vectorError{wrong.Code, wrong.Parameter, wrong.Redirectable()}
	if got != *v.Error {
		t.Errorf("got %+v (%v), want %+v", got, err, *v.Error)
	}
}

func TestRedirectURIVectors(t *testing.T) {
	for _, v := range redirects(t).Parse {
		t.Run(v.Name, func(t *testing.T) {
			uri, err := linkhandler.ParseRedirectURI(v.URI)
			if v.Error != nil {
				checkInvalid(t, err, v.Error)
				return
			}
			if err != nil || uri.Kind().String() != v.Kind || uri.String() != v.URI {
				t.Errorf("got %q, a %s, %v; want a %s", uri, uri.Kind(), err, v.Kind)
			}
		})
	}
}

func TestMatchVectors(t *testing.T) {
	for _, v := range redirects(t).Match {
		t.Run(v.Name, func(t *testing.T) {
			registered, err := linkhandler.ParseRedirectURI(v.Registered)
			if err != nil {
				t.Fatal(err)
			}
			if got := registered.Matches(v.Requested); got != v.Matches {
				t.Errorf("%s matches %s: got %t, want %t", v.Registered, v.Requested, got, v.Matches)
			}
		})
	}
}

func TestBuildVectors(t *testing.T) {
	for _, v := range redirects(t).Build {
		t.Run(v.Name, func(t *testing.T) {
			got, err := linkhandler.BuildRedirect(v.RedirectURI, linkhandler.Response(*v.Response))
			if v.Error != nil {
				checkInvalid(t, err, v.Error)
				return
			}
			if err != nil || got != v.Redirect {
				t.Errorf("got  %s, %v\nwant %s", got, err, v.Redirect)
			}
		})
	}
}

func TestReadVectors(t *testing.T) {
	for _, v := range redirects(t).Read {
		t.Run(v.Name, func(t *testing.T) {
			got, err := linkhandler.ParseResponse(v.RedirectURI, v.Received)
			if v.Error != nil {
				checkInvalid(t, err, v.Error)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := linkhandler.Response(*v.Response); !reflect.DeepEqual(got, &want) {
				t.Errorf("got %+v, want %+v", *got, want)
			}
		})
	}
}
