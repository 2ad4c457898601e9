package resource_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/resource"
)

// An API of its own guards its handlers. The token says on whose behalf a request
// is made, so the handler needs no accounts and no sessions.
func ExampleGuard_Require() {
	guard := &resource.Guard{
		Introspector: tokens{"2YotnFZFEjr1zCsicMWpAA": {
			Subject:  "248289761001",
			Scopes:   []string{"notes"},
			Audience: []string{"https://notes.example"},
		}},
		Audience: "https://notes.example",
	}
	notes := http.NewServeMux()
	notes.Handle("GET /notes", guard.Require("notes", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.TokenFrom(r.Context())
		fmt.Fprintln(w, "notes of", token.Subject)
	})))

	request := httptest.NewRequest("GET", "https://notes.example/notes", nil)
	request.Header.Set("Authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA")
	answer := httptest.NewRecorder()
	notes.ServeHTTP(answer, request)
	fmt.Print(answer.Code, " ", answer.Body)
	// Output: 200 notes of 248289761001
}

// An API app that is a process of its own asks the authorization app about each
// token. It speaks to the issuer's https URLs; the transport takes them over the
// device's IPC. Here the authorization app is a function.
func ExampleRemote() {
	authorizationApp := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"active":true,"sub":"248289761001","scope":"notes","aud":["https://notes.example"]}`)
	})
	transport := ipcapi.Local(authorizationApp, ipcapi.Caller{})

	remote := &resource.Remote{
		Endpoint: "https://auth.example/introspect",
		Client:   &http.Client{Transport: transport},
		ClientID: "notes-api",
		Secret:   "given when notes-api was registered",
	}
	token, err := remote.Introspect(context.Background(), "2YotnFZFEjr1zCsicMWpAA")
	fmt.Println(token.Subject, token.Scopes, err)
	// Output: 248289761001 [notes] <nil>
}
