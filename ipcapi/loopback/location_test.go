package loopback

import (
	"net/http"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// Every place at the issuer stays behind the secret; every other is absolute.
func TestLocation(t *testing.T) {
	var location string
	s := start(t, ipcapi.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	}), ipcapi.Caller{}))
	base := s.BaseURL()
	for sent, want := range map[string]string{
		"/tenant/token":                        base + "/token",
		"token?a=b%20c#d%2Fe":                  base + "/deep/token?a=b%20c#d%2Fe",
		"../token":                             base + "/token",
		"?page=2":                              base + "/deep/x?page=2",
		"/tenant":                              base,
		"/tenant/a%2Fb":                        base + "/a%2Fb",
		"/tenant//b":                           base + "//b",
		"//issuer.example/tenant/t":            base + "/t",
		"https://issuer.example/tenant":        base,
		"https://issuer.example/tenant?x":      base + "?x",
		"HTTPS://Issuer.Example:443/tenant/t":  base + "/t",
		"/token":                               "https://issuer.example/token",
		"../../token":                          "https://issuer.example/token",
		"/tenant/../admin":                     "https://issuer.example/admin",
		"/tenant2/t":                           "https://issuer.example/tenant2/t",
		"//evil.example/tenant/t":              "https://evil.example/tenant/t",
		"https://issuer.example:444/tenant/t":  "https://issuer.example:444/tenant/t",
		"http://issuer.example/tenant/t":       "http://issuer.example/tenant/t",
		"https://me@issuer.example/tenant/t":   "https://me@issuer.example/tenant/t",
		"https://issuer.example.evil/tenant/t": "https://issuer.example.evil/tenant/t",
		"com.example.app:/cb?code=1":           "com.example.app:/cb?code=1",
		"":                                     "",
	} {
		location = sent
		r, _ := http.NewRequest("GET", base+"/deep/x", nil)
		if resp, _ := do(t, r); resp.Header.Get("Location") != want {
			t.Errorf("%q became %q, want %q", sent, resp.Header.Get("Location"), want)
		}
	}
}

func TestLocationOfAnIssuerWithoutAPath(t *testing.T) {
	for _, issuer := range []string{"https://issuer.example", "https://issuer.example/"} {
		s, err := Start(t.Context(), Config{Issuer: issuer, Transport: ipcapi.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/token")
		}), ipcapi.Caller{})})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		r, _ := http.NewRequest("GET", s.BaseURL()+"/x", nil)
		if resp, _ := do(t, r); resp.Header.Get("Location") != s.BaseURL()+"/token" {
			t.Errorf("%s: %q", issuer, resp.Header.Get("Location"))
		}
	}
}

// Cookies of 127.0.0.1 are those of all its ports.
func TestCookiesDoNotPass(t *testing.T) {
	s := start(t, ipcapi.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("Cookie"); len(got) != 0 {
			t.Errorf("the issuer got %q", got)
		}
		w.Header()["Set-Cookie"] = []string{"a=b", "c=d"}
	}), ipcapi.Caller{}))
	r, _ := http.NewRequest("GET", s.BaseURL()+"/x", nil)
	r.Header.Set("Cookie", strings.Repeat("other=port; ", 3))
	if resp, _ := do(t, r); resp.StatusCode != 200 || len(resp.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("%s %q", resp.Status, resp.Header)
	}
}
