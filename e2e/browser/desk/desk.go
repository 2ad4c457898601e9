package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
)

type desk struct{ server *offlineauth.Server }

func (d desk) account(r *http.Request) (any, error) {
	var asked struct{ Username, Name, PIN string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	account, err := d.server.AddAccount(r.Context(), asked.Username, asked.Name)
	if err == nil && asked.PIN != "" {
		err = d.server.SetSecret(r.Context(), account.ID, authz.PIN, asked.PIN)
	}
	return account.ID, err
}

// An asking is how an app asks.
type asking struct {
	Client   string
	Name     string
	Scope    string
	Identity string // as the system attests it; "" for a plain link
	Stranger bool   // the identity is not registered as the client
	Prompt   string
}

// request registers the app and has it ask.
func (d desk) request(r *http.Request) (any, error) {
	var a asking
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		return nil, err
	}
	registration := authz.Registration{ID: a.Client, Name: a.Name, RedirectURIs: []string{"org.example.app:/done"}, Scopes: strings.Fields(a.Scope)}
	if a.Identity != "" && !a.Stranger {
		registration.Identities = []string{a.Identity}
	}
	if _, _, err := d.server.AddClient(r.Context(), registration); err != nil {
		return nil, err
	}
	query := url.Values{
		"client_id":             {a.Client},
		"redirect_uri":          {"org.example.app:/done"},
		"response_type":         {"code"},
		"scope":                 {a.Scope},
		"state":                 {"state"},
		"code_challenge":        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		"code_challenge_method": {"S256"},
	}
	if a.Prompt != "" {
		query.Set("prompt", a.Prompt)
	}
	if a.Identity != "" {
		var err error
		if query, err = d.push(r, a, query); err != nil {
			return nil, err
		}
	}
	begun, err := d.server.Begin(r.Context(), "https://school.example/authorize?"+query.Encode())
	if err == nil && begun.Launch != nil {
		err = errors.New("it was answered without asking")
	}
	return map[string]string{"id": begun.ID}, err
}

// push sends the request as the app does, and returns what refers to it.
func (d desk) push(r *http.Request, a asking, query url.Values) (url.Values, error) {
	app := ipcapi.Local(d.server.Handler(), ipcapi.Caller{Transport: "android", UID: 10012, PID: 1, Identity: a.Identity})
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "https://school.example/par", strings.NewReader(query.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := app.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("%s %s, %w", response.Status, body, err)
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	err = json.Unmarshal(body, &pushed)
	return url.Values{"client_id": {a.Client}, "request_uri": {pushed.RequestURI}}, err
}

func (d desk) events(r *http.Request) (any, error) {
	events, err := d.server.Activity(r.Context(), 100)
	kinds := []string{}
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds, err
}
