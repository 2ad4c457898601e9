package clienttest

import (
	"errors"
	"net/http"

	"github.com/offlineauth/offlineauth/linkhandler"
)

const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// servePush takes a pushed request (RFC 9126).
func (a *App) servePush(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" || r.ParseForm() != nil || r.PostForm.Has("request_uri") {
		refuse(w, "invalid_request")
		return
	}
	request, err := linkhandler.ParseRequest(r.PostForm)
	var wrong *linkhandler.LinkError
	if errors.As(err, &wrong) {
		refuse(w, refusal(wrong.Code))
		return
	}
	uri := requestURIPrefix + random()
	a.mu.Lock()
	a.pushed[uri] = request
	a.mu.Unlock()
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": 600})
}

// open reads an authorization link. One that refers to a pushed request can be
// opened until it is answered.
func (a *App) open(link string) (*linkhandler.Request, error) {
	request, err := a.endpoint.Parse(link)
	if err != nil || request.RequestURI == "" {
		return request, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	pushed, known := a.pushed[request.RequestURI]
	if !known || pushed.ClientID != request.ClientID {
		return nil, &linkhandler.LinkError{Code: "invalid_request_uri", Parameter: "request_uri", Reason: "is unknown, or was answered"}
	}
	delete(a.pushed, request.RequestURI)
	return pushed, nil
}
