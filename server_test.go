package offlineauth_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

func TestNewMakesItsDirectory(t *testing.T) {
	d := newDesk(t, func(c *offlineauth.Config) { c.DataDir = filepath.Join(c.DataDir, "deep", "er") })
	info, err := os.Stat(d.config.DataDir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory %v, %v", info, err)
	}
	files, err := os.ReadDir(d.config.DataDir)
	if err != nil || len(files) == 0 {
		t.Errorf("files %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
}

func TestASecondServerFindsTheDirectoryLocked(t *testing.T) {
	d := newDesk(t)
	if _, err := offlineauth.New(t.Context(), d.config); !errors.Is(err, store.ErrLocked) {
		t.Errorf("%v", err)
	}
	d.restart() // when the first is closed, the next can open it
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	api := func(path, scope string) func(*offlineauth.Config) {
		return func(c *offlineauth.Config) {
			c.APIs = []offlineauth.API{{Path: path, Scope: scope, Handler: http.NotFoundHandler()}}
		}
	}
	for name, change := range map[string]func(*offlineauth.Config){
		"no directory":       func(c *offlineauth.Config) { c.DataDir = "" },
		"no issuer":          func(c *offlineauth.Config) { c.Issuer = "" },
		"http issuer":        func(c *offlineauth.Config) { c.Issuer = "http://auth.example" },
		"undotted scheme":    func(c *offlineauth.Config) { c.CustomScheme = "auth" },
		"scope of two":       func(c *offlineauth.Config) { c.Scopes = []authz.Scope{{Name: "notes marks"}} },
		"scope without name": func(c *offlineauth.Config) { c.Scopes = []authz.Scope{{}} },
		"API without path":   api("", "openid"),
		"relative API":       api("notes", "openid"),
		"API at the root":    api("/", "openid"),
		"API for everything": api("/{all...}", "openid"),
		"API at /token":      api("/token", "openid"),
		"API below /token":   api("/token/", "openid"),
		"API at /authorize":  api("/authorize", "openid"),
		"API at well-known":  api("/.well-known/x", "openid"),
		"API at userinfo":    api("/userinfo", "openid"),
		"API without scope":  api("/notes", ""),
		"unknown scope":      api("/notes", "notes"),
		"malformed pattern":  api("/notes/{", "openid"),
		"API twice": func(c *offlineauth.Config) {
			a := offlineauth.API{Path: "/notes", Scope: "openid", Handler: http.NotFoundHandler()}
			c.APIs = []offlineauth.API{a, a}
		},
		"API without handler": func(c *offlineauth.Config) { c.APIs = []offlineauth.API{{Path: "/notes", Scope: "openid"}} },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineauth.Config{Issuer: issuer, DataDir: t.TempDir()}
			change(&cfg)
			if s, err := offlineauth.New(t.Context(), cfg); err == nil {
				s.Close()
				t.Fatal("it was accepted")
			}
		})
	}
}

func TestARefusedConfigurationLeavesTheDirectoryFree(t *testing.T) {
	cfg := offlineauth.Config{Issuer: "http://auth.example", DataDir: t.TempDir()}
	if _, err := offlineauth.New(t.Context(), cfg); err == nil {
		t.Fatal("it was accepted")
	}
	cfg.Issuer = issuer
	s, err := offlineauth.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestOtherOriginsAreMisdirected(t *testing.T) {
	d := newDesk(t)
	for _, test := range []struct {
		origin string
		status int
	}{
		{"https://auth.example", 200}, {"https://AUTH.example", 200},
		{"https://auth.example:443", 200}, {"https://auth.example:8443", 421}, {"https://evil.example", 421}, {"https://auth.example.evil.example", 421}, {"https://localhost", 421},
	} {
		if a := d.call(http.MethodGet, test.origin+"/jwks", "", nil); a.status != test.status {
			t.Errorf("%s: %d, want %d", test.origin, a.status, test.status)
		}
	}
}

func TestThePersonsSideIsNotThere(t *testing.T) {
	d := newDesk(t)
	request, err := d.server.Begin(t.Context(), d.link("openid"))
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"/", "/authorize", "/authorize/", "/index.html", "/style.css", "/debug/pprof/", "/metrics", "/control", "/control.sock"}
	for _, noun := range []string{"consent", "client", "clients", "account", "accounts", "grant", "grants", "activity", "events", "open", "approve", "deny", "decide", "interaction", "interactions", "keys", "backup", "admin", "login", "welcome", "done", "apps", "app", "unlock", "settings"} {
		paths = append(paths, "/"+noun, "/"+noun+"/", "/"+noun+"/"+request.ID, "/v1/"+noun, "/v1/"+noun+"/"+request.ID)
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"} {
			if a := d.call(method, issuer+path, "", nil); a.status != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, a.status)
			}
		}
	}
	if _, err := d.server.Consent(t.Context(), request.ID); err != nil {
		t.Errorf("somebody decided: %v", err)
	}
}

func TestThePagesShowAndDecide(t *testing.T) {
	d := newDesk(t)
	request, err := d.server.Begin(t.Context(), d.link("openid"))
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := d.server.Decide(t.Context(), request.ID, ui.Decision{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := linkhandler.ParseResponse(redirectURI, redirect); err != nil || r.Error != "access_denied" {
		t.Errorf("redirect %s, %v", redirect, err)
	}
	for _, ask := range []func() error{
		func() error { _, err := d.server.Decide(t.Context(), request.ID, ui.Decision{}); return err },
		func() error { _, err := d.server.Consent(t.Context(), request.ID); return err },
	} {
		var refusal *authz.Error
		if err := ask(); !errors.Is(err, ui.ErrDecided) || !errors.As(err, &refusal) {
			t.Errorf("%v", err)
		}
	}
	events, err := d.server.Activity(t.Context(), 1)
	if err != nil || len(events) != 1 || events[0].Kind != "denied" || events[0].Detail != "page" {
		t.Errorf("activity %v, %v", events, err)
	}
}

func TestAPIsAreBehindTheGuard(t *testing.T) {
	notes := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.TokenFrom(r.Context())
		fmt.Fprintf(w, "%s %s", r.URL.EscapedPath(), token.ClientID)
	})
	for _, base := range []string{"", "/school", "/a%20b"} {
		t.Run(base, func(t *testing.T) {
			d := newDesk(t, func(c *offlineauth.Config) {
				c.Issuer = issuer + base
				c.APIs = []offlineauth.API{{Path: "/notes/", Scope: "profile", Handler: notes}}
			})
			tokens := d.expect(http.StatusOK, "", d.redeem(d.consent("openid profile").Code))
			if a := d.get("/notes/7", tokens.field("access_token")); a.status != http.StatusOK || a.text != base+"/notes/7 maths" {
				t.Errorf("%d %s", a.status, a.text)
			}
			d.expect(http.StatusUnauthorized, "", d.get("/notes/7", ""))
			d.expect(http.StatusUnauthorized, "", d.get("/notes/7", tokens.field("refresh_token")))
			poor := d.expect(http.StatusOK, "", d.redeem(d.consent("openid").Code))
			d.expect(http.StatusForbidden, "", d.get("/notes/7", poor.field("access_token")))
		})
	}
}

func TestCloseEndsTheBackgroundWork(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		s, err := offlineauth.New(t.Context(), offlineauth.Config{Issuer: issuer, DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // some sweeps
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestADirectoryOfOthersIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	_, err := offlineauth.New(t.Context(), offlineauth.Config{Issuer: issuer, DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("got %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("it was written to: %v, %v", files, err)
	}
}
