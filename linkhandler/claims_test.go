package linkhandler_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	digest      = "0d9e2d1f0bd5f0e0b19ef2d4c1c9f1c6a85e2b8f7e8b6f2d3c4a5b6c7d8e9f00"
	fingerprint = "0D:9E:2D:1F:0B:D5:F0:E0:B1:9E:F2:D4:C1:C9:F1:C6:A8:5E:2B:8F:7E:8B:6F:2D:3C:4A:5B:6C:7D:8E:9F:00"
)

// TestAssetLinks compares with a file as Android's documentation has it.
func TestAssetLinks(t *testing.T) {
	app, err := linkhandler.ParseAndroidApp("com.example.auth#" + fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	want := `[
  {
    "relation": [
      "delegate_permission/common.handle_all_urls"
    ],
    "target": {
      "namespace": "android_app",
      "package_name": "com.example.auth",
      "sha256_cert_fingerprints": [
        "` + fingerprint + `"
      ]
    }
  }
]
`
	if got := string(linkhandler.AssetLinks(app)); got != want {
		t.Errorf("got %s", got)
	}
	if got := string(linkhandler.AssetLinks()); got != "[]\n" {
		t.Errorf("without apps: %q", got)
	}
}

func TestAndroidApps(t *testing.T) {
	want := linkhandler.AndroidApp{Package: "com.example.auth", Certificates: []string{digest}}
	for _, good := range []string{"com.example.auth#" + digest, "android:com.example.auth#" + digest, "com.example.auth#" + strings.ToUpper(digest), "com.example.auth#" + fingerprint, "com.example.auth#" + strings.ToLower(fingerprint)} {
		if got, err := linkhandler.ParseAndroidApp(good); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", good, got, err)
		}
	}
	for _, bad := range []string{"", "#", "com.example.auth", "com.example.auth#", "#" + digest, "auth#" + digest, "com..auth#" + digest, "com.1auth.x#" + digest, "com._auth#" + digest, "com.ex-ample#" + digest, "com.exämple#" + digest,
		"com.example.auth#" + digest[1:], "com.example.auth#0" + digest, "com.example.auth#g" + digest[1:], "com.example.auth#" + fingerprint + ":", "com.example.auth#" + fingerprint[:1] + ":" + fingerprint[1:], "com.example.auth#" + strings.Replace(fingerprint, ":", "", 1)} {
		app, err := linkhandler.ParseAndroidApp(bad)
		var invalid *linkhandler.InvalidError
		if !errors.As(err, &invalid) || invalid.Parameter != "android app" {
			t.Errorf("%q is %+v, %v", bad, app, err)
		}
	}
}

func TestParseAssetLinks(t *testing.T) {
	entry := func(relation, target string) string {
		return `{"relation":["` + relation + `"],"target":{` + target + `}}`
	}
	links := "delegate_permission/common.handle_all_urls"
	app := `"namespace":"android_app","package_name":"com.example.auth","sha256_cert_fingerprints":["` + fingerprint + `"]`
	for name, test := range map[string]struct {
		file string
		apps int // -1: an error
	}{
		"one":                     {"[" + entry(links, app) + "]", 1},
		"none":                    {"[]", 0},
		"another relation":        {"[" + entry("delegate_permission/common.get_login_creds", app) + "]", 0},
		"a web site":              {"[" + entry(links, `"namespace":"web","site":"https://x.example"`) + "," + entry(links, app) + "]", 1},
		"no certificate":          {"[" + entry(links, `"namespace":"android_app","package_name":"com.example.auth"`) + "]", -1},
		"a SHA-1":                 {"[" + entry(links, strings.Replace(app, fingerprint, fingerprint[:59], 1)) + "]", -1},
		"a package of one label":  {"[" + entry(links, strings.Replace(app, "com.example.auth", "auth", 1)) + "]", -1},
		"an object":               {"{}", -1},
		"nothing":                 {"", -1},
		"something after the end": {"[]x", -1},
		"too long":                {"[" + strings.Repeat(" ", 128<<10) + "]", -1},
	} {
		t.Run(name, func(t *testing.T) {
			apps, err := linkhandler.ParseAssetLinks([]byte(test.file))
			if (err != nil) != (test.apps < 0) || test.apps >= 0 && len(apps) != test.apps {
				t.Errorf("got %+v, %v", apps, err)
			}
		})
	}
}

// TestSiteAssociation: the authorization links are claimed, and nothing else of the host.
func TestSiteAssociation(t *testing.T) {
	e, err := linkhandler.NewEndpoint("https://school.example/auth", "")
	if err != nil {
		t.Fatal(err)
	}
	app, err := linkhandler.ParseAppleApp("ABCDE12345.com.example.auth-app")
	if err != nil {
		t.Fatal(err)
	}
	file := e.SiteAssociation(app)
	want := `{
  "applinks": {
    "details": [
      {
        "appIDs": [
          "ABCDE12345.com.example.auth-app"
        ],
        "components": [
          {
            "/": "/auth/authorize",
            "comment": "authorization requests"
          }
        ]
      }
    ]
  }
}
`
	if string(file) != want {
		t.Errorf("got %s", file)
	}
	if apps, err := e.ParseSiteAssociation(file); err != nil || !slices.Equal(apps, []linkhandler.AppleApp{app}) {
		t.Errorf("read again: %v, %v", apps, err)
	}
	other, err := linkhandler.NewEndpoint("https://school.example", "")
	if err != nil {
		t.Fatal(err)
	}
	if apps, err := other.ParseSiteAssociation(file); err != nil || len(apps) != 0 {
		t.Errorf("for another endpoint of the host: %v, %v", apps, err)
	}
	excluded := bytes.Replace(file, []byte(`"comment"`), []byte(`"exclude": true, "comment"`), 1)
	if apps, err := e.ParseSiteAssociation(excluded); err != nil || len(apps) != 0 {
		t.Errorf("excluded: %v, %v", apps, err)
	}
	wrong := bytes.Replace(file, []byte("ABCDE12345"), []byte("abcde"), 1)
	if apps, err := e.ParseSiteAssociation(wrong); err == nil {
		t.Errorf("with a wrong identifier: %v", apps)
	}
}

func TestAppleApps(t *testing.T) {
	for _, bad := range []string{"", "ABCDE12345", "ABCDE12345.", "ABCDE1234.com.example", "abcde12345.com.example", "ABCDE12345.com..example", "ABCDE12345.com.exa_mple", "ABCDE12345.*", "ABCDE12345." + strings.Repeat("x", 156)} {
		if app, err := linkhandler.ParseAppleApp(bad); err == nil {
			t.Errorf("%q is %v", bad, app)
		}
	}
}

// FuzzAssetLinks checks that what is read is the same after it was written.
func FuzzAssetLinks(f *testing.F) {
	app := linkhandler.AndroidApp{Package: "com.example.auth", Certificates: []string{digest}}
	f.Add(linkhandler.AssetLinks(app, app))
	f.Add([]byte("[{}]"))
	f.Fuzz(func(t *testing.T, file []byte) {
		apps, err := linkhandler.ParseAssetLinks(file)
		if err != nil {
			return
		}
		written := linkhandler.AssetLinks(apps...)
		if again, err := linkhandler.ParseAssetLinks(written); len(written) <= 128<<10 && (err != nil || !reflect.DeepEqual(again, apps)) {
			t.Errorf("%+v, %v is not %+v", again, err, apps)
		}
	})
}

// FuzzSiteAssociation does the same for the other file.
func FuzzSiteAssociation(f *testing.F) {
	e := endpoint(f)
	f.Add(e.SiteAssociation("ABCDE12345.com.example.auth"))
	f.Add([]byte(`{"applinks":{"details":[{}]}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		apps, err := e.ParseSiteAssociation(file)
		if err != nil {
			return
		}
		written := e.SiteAssociation(apps...)
		if again, err := e.ParseSiteAssociation(written); len(written) <= 128<<10 && (err != nil || !slices.Equal(again, apps)) {
			t.Errorf("%+v, %v is not %+v", again, err, apps)
		}
	})
}
