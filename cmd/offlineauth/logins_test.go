package main

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func logins(t *testing.T, all ...login) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "logins")
	for _, l := range all {
		if err := l.save(dir); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindLogin(t *testing.T) {
	dir := logins(t,
		login{Issuer: "https://a.example", ClientID: "maths"},
		login{Issuer: "https://a.example/tenant", ClientID: "reader"},
		login{Issuer: "https://b.example", ClientID: "maths"},
		login{Issuer: "https://c.example:8443", ClientID: "maths"},
	)
	for _, test := range []struct{ target, client, want, refused string }{
		{"https://b.example/userinfo", "", "https://b.example", ""},
		{"https://B.example:443/userinfo", "", "https://b.example", ""},
		{"https://c.example:8443/", "maths", "https://c.example:8443", ""},
		{"https://a.example/userinfo", "reader", "https://a.example/tenant", ""},
		{"https://a.example/userinfo", "", "", "several logins"},
		{"https://c.example/", "", "", "there is no login for https://c.example"},
		{"https://b.example/", "reader", "", `no login of the client "reader"`},
	} {
		target, err := url.Parse(test.target)
		if err != nil {
			t.Fatal(err)
		}
		got, err := findLogin(dir, target, test.client)
		switch {
		case test.refused == "" && (err != nil || got.Issuer != test.want):
			t.Errorf("%s %s: got %+v, %v", test.target, test.client, got, err)
		case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%s %s: got %+v, %v", test.target, test.client, got, err)
		}
	}
}

func TestFindLoginNamesWhoCanBeChosen(t *testing.T) {
	dir := logins(t, login{Issuer: "https://a.example", ClientID: "maths"}, login{Issuer: "https://a.example", ClientID: "reader"})
	_, err := findLogin(dir, &url.URL{Scheme: "https", Host: "a.example"}, "")
	var wrong *usage
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "maths") || !strings.Contains(err.Error(), "reader") {
		t.Errorf("got %v", err)
	}
}

func TestFindLoginNamesADamagedFile(t *testing.T) {
	dir := logins(t, login{Issuer: "https://a.example", ClientID: "maths"})
	damaged := filepath.Join(dir, "who-x.json")
	if err := os.WriteFile(damaged, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := findLogin(dir, &url.URL{Scheme: "https", Host: "a.example"}, "")
	if err == nil || !strings.Contains(err.Error(), damaged) {
		t.Errorf("got %v", err)
	}
}

func TestFindLoginWithoutADirectory(t *testing.T) {
	_, err := findLogin(filepath.Join(t.TempDir(), "none"), &url.URL{Scheme: "https", Host: "a.example"}, "")
	if err == nil || !strings.Contains(err.Error(), "use «offlineauth login»") {
		t.Errorf("got %v", err)
	}
}

func TestALoginReplacesTheOneOfItsClient(t *testing.T) {
	dir := logins(t,
		login{Issuer: "https://a.example", ClientID: "maths", IPCService: "unix:/old"},
		login{Issuer: "https://a.example", ClientID: "maths", IPCService: "unix:/new"},
	)
	got, err := findLogin(dir, &url.URL{Scheme: "https", Host: "a.example"}, "")
	if err != nil || got.IPCService != "unix:/new" {
		t.Errorf("got %+v, %v", got, err)
	}
}
