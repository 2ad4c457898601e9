package linkhandler_test

import (
	"errors"
	"net/url"
	"reflect"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// FuzzParse checks that a link is read or refused with a LinkError, that a request
// is the same after it was printed, and that nothing unchecked can be answered.
func FuzzParse(f *testing.F) {
	for _, group := range links(f).Endpoints {
		for _, v := range group.Links {
			f.Add(v.Link)
		}
	}
	f.Add(goodLink)
	e := endpoint(f)
	f.Fuzz(func(t *testing.T, link string) {
		request, err := e.Parse(link)
		if err != nil {
			checkLinkError(t, err)
			return
		}
		values := request.Values()
		again, err := linkhandler.ParseRequest(values)
		if err != nil || !reflect.DeepEqual(again, request) {
			t.Fatalf("as parameters: got %+v, %v; want %+v", again, err, request)
		}
		printed := e.URL() + "?" + values.Encode()
		if len(printed) > 8<<10 {
			return // the link was less encoded
		}
		again, err = e.Parse(printed)
		if err != nil || !reflect.DeepEqual(again, request) {
			t.Fatalf("as a link: got %+v, %v; want %+v", again, err, request)
		}
	})
}

func checkLinkError(t *testing.T, err error) {
	var wrong *linkhandler.LinkError
	if !errors.As(err, &wrong) || wrong.Code == "" || wrong.Parameter == "" || wrong.Reason == "" {
		t.Fatalf("got error %#v", err)
	}
	if !wrong.Redirectable() {
		return
	}
	answer := linkhandler.Response{Error: wrong.Code, ErrorDescription: wrong.Error(), State: wrong.Request.State}
	if _, err := linkhandler.BuildRedirect(wrong.Request.RedirectURI, answer); err != nil {
		t.Fatalf("%v cannot be answered: %v", wrong, err)
	}
}

// FuzzParseRequest does the same for parameters that were in no link.
func FuzzParseRequest(f *testing.F) {
	f.Add("state", "xyz", "scope", "a b")
	f.Add("login_hint", "\u202e", "max_age", "0300")
	f.Add("request_uri", "urn:ietf:params:oauth:request_uri:a", "resource", "https://a.example")
	f.Add("redirect_uri", "http://127.0.0.1:1/", "prompt", " none ")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		query := parameters(t, name1, value1)
		query.Add(name2, value2)
		request, err := linkhandler.ParseRequest(query)
		if err != nil {
			checkLinkError(t, err)
			return
		}
		again, err := linkhandler.ParseRequest(request.Values())
		if err != nil || !reflect.DeepEqual(again, request) {
			t.Fatalf("got %+v, %v; want %+v", again, err, request)
		}
	})
}

// FuzzRedirectURI checks that a registered URI matches itself, that nothing matches
// which could not be registered, and that net/url sees the same host as we do.
func FuzzRedirectURI(f *testing.F) {
	vectors := redirects(f)
	for _, v := range vectors.Match {
		f.Add(v.Registered, v.Requested)
	}
	for _, v := range vectors.Parse {
		f.Add(v.URI, "http://127.0.0.1:80/done")
	}
	f.Add("com.example.app://evil@host", "com.example.app://host")
	f.Fuzz(func(t *testing.T, registered, requested string) {
		uri, err := linkhandler.ParseRedirectURI(registered)
		if err != nil {
			var invalid *linkhandler.InvalidError
			if !errors.As(err, &invalid) || uri.Matches(registered) {
				t.Fatalf("%q: got error %#v, matches itself: %t", registered, err, uri.Matches(registered))
			}
			return
		}
		if !uri.Matches(registered) || uri.String() != registered {
			t.Fatalf("%q does not match itself, or is printed as %q", registered, uri)
		}
		checkAsOthersReadIt(t, uri)
		if uri.Matches(requested) {
			other, err := linkhandler.ParseRedirectURI(requested)
			if err != nil || other.Kind() != uri.Kind() || other.Kind() != linkhandler.Loopback && requested != registered {
				t.Fatalf("%q matches %q, which is a %s, %v", registered, requested, other.Kind(), err)
			}
		}
	})
}

func checkAsOthersReadIt(t *testing.T, uri linkhandler.RedirectURI) {
	u, err := url.Parse(uri.String())
	if err != nil || u.User != nil || u.Fragment != "" || u.Opaque != "" || u.String() == "" {
		t.Fatalf("net/url reads %q as %#v, %v", uri, u, err)
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		t.Fatalf("net/url cannot read the query of %q: %v", uri, err)
	}
	switch local := u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"; uri.Kind() {
	case linkhandler.Loopback:
		if u.Scheme != "http" || !local {
			t.Fatalf("net/url reads the loopback URI %q as %s to %s", uri, u.Scheme, u.Hostname())
		}
	case linkhandler.ClaimedHTTPS:
		if u.Scheme != "https" || local || u.Hostname() == "" {
			t.Fatalf("net/url reads the https URI %q as %s to %s", uri, u.Scheme, u.Hostname())
		}
	}
}

// FuzzBuildRedirect checks that what was built is read back, by us and by net/url.
func FuzzBuildRedirect(f *testing.F) {
	for _, v := range redirects(f).Build {
		state := ""
		if v.Response.State != nil {
			state = *v.Response.State
		}
		r := v.Response
		f.Add(v.RedirectURI, r.Code, state, v.Response.State != nil, r.Issuer, r.IPCService, r.Error, r.ErrorDescription, r.ErrorURI)
	}
	f.Add("https://app.example.com/?a", "c", "%00;&=#", true, "https://lms.example", "unix:/a,b", "", "", "")
	f.Fuzz(func(t *testing.T, uri, code, state string, sent bool, issuer, service, errorCode, description, page string) {
		response := linkhandler.Response{Code: code, Issuer: issuer, IPCService: service, Error: errorCode, ErrorDescription: description, ErrorURI: page}
		if sent {
			response.State = &state
		}
		redirect, err := linkhandler.BuildRedirect(uri, response)
		if err != nil {
			return
		}
		got, err := linkhandler.ParseResponse(uri, redirect)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", redirect, err)
		}
		if len(got.ErrorDescription) > len(description) {
			t.Fatalf("the description %q became %q", description, got.ErrorDescription)
		}
		response.ErrorDescription = got.ErrorDescription // what is not allowed in it was replaced
		if !reflect.DeepEqual(*got, response) {
			t.Fatalf("%q: got %+v, want %+v", redirect, *got, response)
		}
		checkRebuilt(t, uri, redirect, got)
		if u, err := url.Parse(redirect); err != nil || u.Query().Get("code") != code || u.Query().Has("state") != sent {
			t.Fatalf("net/url reads %q as %v, %v", redirect, u, err)
		}
	})
}

func checkRebuilt(t *testing.T, uri, redirect string, r *linkhandler.Response) {
	again, err := linkhandler.BuildRedirect(uri, *r)
	if err != nil || again != redirect {
		t.Fatalf("built again: got %q, %v; want %q", again, err, redirect)
	}
}

// FuzzParseResponse checks that what is read is well-formed: it can be built again.
func FuzzParseResponse(f *testing.F) {
	for _, v := range redirects(f).Read {
		f.Add(v.RedirectURI, v.Received)
	}
	f.Add(appURI, appURI+"?code=c&ipc-server=%2C")
	f.Fuzz(func(t *testing.T, uri, received string) {
		r, err := linkhandler.ParseResponse(uri, received)
		if err != nil {
			var invalid *linkhandler.InvalidError
			if !errors.As(err, &invalid) || r != nil {
				t.Fatalf("got %+v, %#v", r, err)
			}
			return
		}
		redirect, err := linkhandler.BuildRedirect(uri, *r)
		if err != nil {
			t.Fatalf("%+v cannot be built: %v", *r, err)
		}
		again, err := linkhandler.ParseResponse(uri, redirect)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("got %+v, %v; want %+v", again, err, *r)
		}
	})
}

// FuzzNewEndpoint checks that the links of an endpoint are read by it, and nothing
// that only begins with its URL.
func FuzzNewEndpoint(f *testing.F) {
	for _, v := range links(f).Issuers {
		f.Add(v.Issuer, v.CustomScheme)
	}
	f.Add("https://a.example:1", "a.b")
	f.Fuzz(func(t *testing.T, issuer, scheme string) {
		e, err := linkhandler.NewEndpoint(issuer, scheme)
		if err != nil {
			var invalid *linkhandler.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got error %#v", err)
			}
			return
		}
		if _, err := e.Parse(e.URL() + "?" + goodQuery); err != nil {
			t.Fatalf("its own link: %v", err)
		}
		if _, err := e.Parse(e.URL() + "/?" + goodQuery); err == nil {
			t.Fatal("it answers another path")
		}
		if u, err := url.Parse(issuer); err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Fatalf("net/url reads the issuer as %#v, %v", u, err)
		}
	})
}
