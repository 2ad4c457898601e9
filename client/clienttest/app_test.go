package clienttest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	issuer      = "https://auth.example"
	redirectURI = "com.example.maths:/done"

	// RFC 7636 appendix B
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func newApp(t *testing.T) *clienttest.App {
	t.Helper()
	app, err := clienttest.New(issuer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	return app
}

func link(scope string) string {
	return issuer + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"maths"}, "redirect_uri": {redirectURI}, "state": {"s"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}, "scope": {scope},
	}.Encode()
}

func accept(t *testing.T, app *clienttest.App, scope string) url.Values {
	t.Helper()
	redirect, err := app.Accept(link(scope))
	if err != nil {
		t.Fatal(err)
	}
	response, err := linkhandler.ParseResponse(redirectURI, redirect)
	if err != nil || *response.State != "s" || response.Issuer != issuer {
		t.Fatalf("%+v, %v", response, err)
	}
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {response.Code}, "client_id": {"maths"},
		"redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}
}

// post returns the status and the members of the answer.
func post(t *testing.T, app *clienttest.App, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	response, err := app.HTTPClient().PostForm(app.Issuer()+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body := map[string]any{}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

func refreshForm(token any) url.Values {
	s, _ := token.(string)
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s}, "client_id": {"maths"}}
}

// get returns the status of a request with a token.
func get(t *testing.T, app *clienttest.App, path string, token any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", app.Issuer()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := token.(string); ok {
		r.Header.Set("Authorization", "Bearer "+s)
	}
	response, err := app.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestCodeIsRedeemedOnce(t *testing.T) {
	app := newApp(t)
	form := accept(t, app, "openid profile offline_access")
	status, tokens := post(t, app, "/token", form)
	if status != 200 || tokens["refresh_token"] == nil || tokens["id_token"] == nil {
		t.Fatal(status, tokens)
	}
	if got := get(t, app, "/userinfo", tokens["access_token"]); got != 200 {
		t.Error(got)
	}
	if status, body := post(t, app, "/token", form); status != 400 || body["error"] != "invalid_grant" {
		t.Error(status, body)
	}
	if got := get(t, app, "/userinfo", tokens["access_token"]); got != 401 {
		t.Errorf("after the code was used twice: %d", got)
	}
}

func TestWrongCodeRequests(t *testing.T) {
	for name, change := range map[string]func(url.Values){
		"code":         func(v url.Values) { v.Set("code", "x") },
		"verifier":     func(v url.Values) { v.Set("code_verifier", strings.ToLower(verifier)) },
		"no verifier":  func(v url.Values) { v.Del("code_verifier") },
		"client":       func(v url.Values) { v.Set("client_id", "other") },
		"redirect URI": func(v url.Values) { v.Set("redirect_uri", redirectURI+"/") },
	} {
		app := newApp(t)
		form := accept(t, app, "")
		wrong := url.Values{}
		for k, v := range form {
			wrong[k] = append([]string(nil), v...)
		}
		change(wrong)
		if status, body := post(t, app, "/token", wrong); status != 400 || body["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, body)
		}
		if status, body := post(t, app, "/token", form); status != 200 || body["refresh_token"] != nil || body["id_token"] != nil {
			t.Errorf("%s, then right: %d %v", name, status, body)
		}
	}
	if status, body := post(t, newApp(t), "/token", url.Values{"grant_type": {"password"}}); status != 400 || body["error"] != "unsupported_grant_type" {
		t.Error(status, body)
	}
	if status, _ := post(t, newApp(t), "/token?a=b", nil); status != 400 {
		t.Error(status)
	}
}

func TestRefreshTokensRotate(t *testing.T) {
	app := newApp(t)
	_, first := post(t, app, "/token", accept(t, app, "offline_access"))
	_, second := post(t, app, "/token", refreshForm(first["refresh_token"]))
	_, retry := post(t, app, "/token", refreshForm(first["refresh_token"]))
	if second["refresh_token"] == first["refresh_token"] || retry["refresh_token"] != second["refresh_token"] {
		t.Errorf("%v, %v", second, retry)
	}
	if get(t, app, "/userinfo", second["access_token"]) != 200 || get(t, app, "/userinfo", retry["access_token"]) != 200 {
		t.Error("a token is not good")
	}
	_, third := post(t, app, "/token", refreshForm(second["refresh_token"]))
	if status, body := post(t, app, "/token", refreshForm(first["refresh_token"])); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("reuse: %d %v", status, body)
	}
	if get(t, app, "/userinfo", third["access_token"]) != 401 {
		t.Error("reuse did not end the login")
	}
	other := refreshForm(third["refresh_token"])
	other.Set("client_id", "other")
	if status, _ := post(t, app, "/token", other); status != 400 {
		t.Error("another client's")
	}
}

func TestTokensEnd(t *testing.T) {
	for name, end := range map[string]func(app *clienttest.App, tokens map[string]any){
		"refresh token revoked": func(app *clienttest.App, tokens map[string]any) {
			post(t, app, "/revoke", url.Values{"token": {tokens["refresh_token"].(string)}})
		},
		"access token revoked": func(app *clienttest.App, tokens map[string]any) {
			post(t, app, "/revoke", url.Values{"token": {tokens["access_token"].(string)}})
		},
		"by the person": func(app *clienttest.App, _ map[string]any) { app.EndLogins() },
	} {
		app := newApp(t)
		_, tokens := post(t, app, "/token", accept(t, app, "offline_access"))
		end(app, tokens)
		if got := get(t, app, "/userinfo", tokens["access_token"]); got != 401 {
			t.Errorf("%s: %d", name, got)
		}
		if status, _ := post(t, app, "/token", refreshForm(tokens["refresh_token"])); status != 400 {
			t.Errorf("%s: refreshed", name)
		}
	}
	app := newApp(t)
	if status, _ := post(t, app, "/revoke", url.Values{"token": {"unknown"}}); status != 200 {
		t.Error(status)
	}
	if status, _ := post(t, app, "/revoke", url.Values{}); status != 400 {
		t.Error(status)
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newApp(t)
		late := accept(t, app, "")
		_, tokens := post(t, app, "/token", accept(t, app, ""))
		time.Sleep(61 * time.Second)
		if status, _ := post(t, app, "/token", late); status != 400 {
			t.Error("an old code was redeemed")
		}
		time.Sleep(10 * time.Minute)
		if got := get(t, app, "/userinfo", tokens["access_token"]); got != 401 {
			t.Error(got)
		}
	})
}

func TestAPI(t *testing.T) {
	app := newApp(t)
	app.Handle("/notes/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	_, tokens := post(t, app, "/token", accept(t, app, ""))
	if got := get(t, app, "/notes/1", tokens["access_token"]); got != 202 {
		t.Error(got)
	}
	for _, token := range []any{nil, "", "x"} {
		if got := get(t, app, "/notes/1", token); got != 401 {
			t.Error(token, got)
		}
	}
}

func TestPerson(t *testing.T) {
	app := newApp(t)
	app.Announce(ipcapi.Service{{Scheme: ipcapi.Unix, Path: "/a"}})
	redirect, err := app.Deny(link(""))
	if err != nil {
		t.Fatal(err)
	}
	response, err := linkhandler.ParseResponse(redirectURI, redirect)
	if err != nil || response.Error != "access_denied" || response.IPCService != "unix:/a" {
		t.Errorf("%+v, %v", response, err)
	}
	var refused *linkhandler.LinkError
	for _, open := range []func(string) (string, error){app.Accept, app.Deny} {
		if _, err := open(issuer + "/authorize?client_id=maths"); !errors.As(err, &refused) {
			t.Error(err)
		}
	}
	if changed := clienttest.Tamper(clienttest.Tamper(redirect, "state", ""), "iss", "x"); strings.Contains(changed, "state") || !strings.Contains(changed, "iss=x") {
		t.Error(changed)
	}
	if _, err := clienttest.New("http://auth.example"); err == nil {
		t.Error("an issuer without TLS")
	}
}

func TestListen(t *testing.T) {
	dir, err := os.MkdirTemp("", "oa")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	app := newApp(t)
	service, err := app.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, wire := range []string{"message", "stream"} {
		transport, err := unixipc.Transport(service[i], ipcapi.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Client{Transport: transport}).Get(issuer + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := app.Requests(); got[i] != (clienttest.Request{Wire: wire, Method: "GET", Path: "/jwks"}) {
			t.Error(got)
		}
	}
	if _, err := app.Listen(dir); err == nil {
		t.Error("two apps on one socket")
	}
	app.Close()
	if _, err := unixipc.Dial(t.Context(), service[1]); !errors.Is(err, ipcapi.ErrNoService) {
		t.Errorf("closed: %v", err)
	}
}

func TestOtherHostIsMisdirected(t *testing.T) {
	app := newApp(t)
	response, err := app.HTTPClient().Get("https://other.example/jwks")
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close(); response.StatusCode != http.StatusMisdirectedRequest {
		t.Error(response.StatusCode)
	}
}
