package linkhandler_test

import (
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

func TestZeroRedirectURIMatchesNothing(t *testing.T) {
	var zero linkhandler.RedirectURI
	for _, requested := range []string{"", "com.example.app:/done", "http://127.0.0.1/"} {
		if zero.Matches(requested) {
			t.Errorf("it matches %q", requested)
		}
	}
	if zero.Kind().String() != "unknown" {
		t.Errorf("it is %s", zero.Kind())
	}
}

func TestRedirectURILength(t *testing.T) {
	fits := "com.example.app:/" + strings.Repeat("a", 2048-17)
	if _, err := linkhandler.ParseRedirectURI(fits); err != nil {
		t.Errorf("2048 bytes: %v", err)
	}
	_, err := linkhandler.ParseRedirectURI(fits + "a")
	checkInvalid(t, err, &vectorError{Parameter: "redirect_uri"})
	if _, err := linkhandler.ParseRedirectURI("https://" + strings.Repeat("a.", 127) + "example/"); err == nil {
		t.Error("a host of more than 253 bytes was accepted")
	}
	if _, err := linkhandler.ParseRedirectURI("https://" + strings.Repeat("a", 64) + ".example/"); err == nil {
		t.Error("a label of 64 bytes was accepted")
	}
}

// Every byte that RFC 3986 does not allow is refused wherever it stands.
func TestRedirectURIBytes(t *testing.T) {
	for c := range 256 {
		if c > ' ' && c < 0x7F && !strings.ContainsRune("\"#%<>[\\]^`{|}*;", rune(c)) {
			continue
		}
		for _, where := range []string{"com.example.app:/a?b", "https://app.example.com/a?b"} {
			uri := strings.Replace(where, "?", string([]byte{byte(c), '?'}), 1)
			if c != ';' {
				if _, err := linkhandler.ParseRedirectURI(uri); err == nil {
					t.Errorf("%q was accepted", uri)
				}
			}
			if _, err := linkhandler.ParseRedirectURI(where + string([]byte{byte(c)})); err == nil {
				t.Errorf("%q with byte %#x in its query was accepted", where, c)
			}
		}
	}
}

// A reason is worth its words only if it says which rule was broken.
func TestRedirectURIReasons(t *testing.T) {
	for uri, want := range map[string]string{
		"javascript:alert(1)":         "other than opening",
		"myapp:/done":                 "without a dot",
		"http://localhost/done":       "write 127.0.0.1",
		"com.example.app:done":        "com.example.app:/path",
		"https://app.example.com":     "no path",
		"https://a@b.example/done":    "userinfo",
		"https://*.example.com/done":  "wildcard",
		"com.example.app:/a?code=1":   "is going to be added",
		"https://app.example.com/a#b": "fragment",
		"https://App.example.com/a":   "lower case",
		"http://127.0.0.1:080/":       "1 to 65535",
		"http://[::1%25lo]/":          "zones",
		"https://bücher.example/":     "xn--",
	} {
		_, err := linkhandler.ParseRedirectURI(uri)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "redirect_uri ") {
			t.Errorf("%s: got %v, want something about %q", uri, err, want)
		}
	}
}
