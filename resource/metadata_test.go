package resource_test

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/resource"
)

func TestMetadata(t *testing.T) {
	service, err := ipcapi.ParseService("unix:/run/notes.sock")
	if err != nil {
		t.Fatal(err)
	}
	m := resource.Metadata{Resource: "https://notes.example/api", Issuers: []string{"https://auth.example"}, Scopes: []string{"notes"}, Name: "Notes", Service: service}
	if got := m.URL(); got != "https://notes.example/.well-known/oauth-protected-resource/api" { // RFC 9728 section 3.1
		t.Errorf("URL %q", got)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", m.URL(), nil))
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%v %v", err, w.Header())
	}
	want := map[string]any{
		"resource":                          "https://notes.example/api",
		"authorization_servers":             []any{"https://auth.example"},
		"scopes_supported":                  []any{"notes"},
		"bearer_methods_supported":          []any{"header"},
		"resource_name":                     "Notes",
		"dpop_signing_alg_values_supported": []any{"ES256", "EdDSA"},
		"ipc_service":                       "unix:/run/notes.sock",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	w = httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", m.URL(), nil))
	if w.Code != 405 || w.Header().Get("Allow") == "" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
}

func TestWhereMetadataAre(t *testing.T) {
	for of, want := range map[string]string{
		"https://notes.example":        "https://notes.example/.well-known/oauth-protected-resource",
		"https://notes.example/":       "https://notes.example/.well-known/oauth-protected-resource",
		"https://notes.example:8443/a": "https://notes.example:8443/.well-known/oauth-protected-resource/a",
		"urn:example:notes":            "",
		"http://notes.example":         "",
		"::":                           "",
	} {
		if got := (resource.Metadata{Resource: of}).URL(); got != want {
			t.Errorf("%s: %q, want %q", of, got, want)
		}
	}
}

// TestChallengesNameTheMetadata (RFC 9728 section 5.1).
func TestChallengesNameTheMetadata(t *testing.T) {
	guard := newGuard(t)
	guard.MetadataURL = "https://auth.example/.well-known/oauth-protected-resource"
	w := httptest.NewRecorder()
	guard.Require("notes", resource.Metadata{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", audience+"/notes", nil))
	for _, challenge := range w.Header().Values("WWW-Authenticate") {
		if !strings.Contains(challenge, `, resource_metadata="https://auth.example/.well-known/oauth-protected-resource"`) {
			t.Errorf("challenge %s", challenge)
		}
	}
}
