package control_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// A decision by a flag may be a program's, so it does not speak for the next time;
// one by the person does.
func TestWhatAFlagDecidedIsNotRemembered(t *testing.T) {
	server, err := opener(t.TempDir())(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	h := control.Handler(server, nil)
	ask(h, "POST", "/v1/clients", `{"client_id": "maths", "redirect_uris": ["com.example.maths:/done"], "scopes": ["openid"]}`)
	ask(h, "POST", "/v1/accounts", `{"username": "amina"}`)
	app := ipcapi.Local(server.Handler(), ipcapi.Caller{UID: 10012, PID: 1, Identity: "uid:10012"})

	for _, test := range []struct {
		method   string
		answered bool // without asking
	}{{"flag", false}, {"terminal", false}, {"terminal", true}} {
		request := pushAndBegin(t, h, app)
		if (request.Redirect != nil) != test.answered {
			t.Fatalf("before the decision by %s: %+v", test.method, request)
		}
		if test.answered {
			if !strings.HasPrefix(request.Redirect.URI, "com.example.maths:/done?code=") || request.Redirect.App != "uid:10012" {
				t.Errorf("redirect %+v", request.Redirect)
			}
			continue
		}
		decision, err := json.Marshal(map[string]any{"Accept": true, "AccountID": request.Accounts[0].ID, "method": test.method})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := ask(h, "POST", "/v1/interactions/"+request.ID+"/decision", string(decision)); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
	}
}

// pushAndBegin pushes a request as app, and launches the link.
func pushAndBegin(t *testing.T, h http.Handler, app http.RoundTripper) (request control.Request) {
	t.Helper()
	launched, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+launched.Host+"/par", strings.NewReader(launched.RawQuery))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := app.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	if err := json.NewDecoder(response.Body).Decode(&pushed); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%s, %v", response.Status, err)
	}
	launched.RawQuery = url.Values{"client_id": {"maths"}, "request_uri": {pushed.RequestURI}}.Encode()
	status, answer := ask(h, "POST", "/v1/interactions", `{"link": "`+launched.String()+`"}`)
	if err := json.Unmarshal([]byte(answer), &request); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, answer, err)
	}
	return request
}
