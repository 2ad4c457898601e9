package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// registrar is an authorization app that registers apps, as handler says.
func registrar(t *testing.T, metadata string, handler http.HandlerFunc) client.Config {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, metadata) })
	mux.HandleFunc("/register", handler)
	mux.HandleFunc("/register/", handler)
	service, err := ipcapi.ParseService("unix:/run/auth.sock")
	if err != nil {
		t.Fatal(err)
	}
	return client.Config{
		Issuer: "https://auth.example", RedirectURI: "com.example.sums:/done", Scopes: []string{"openid", "profile"},
		Services: client.Pinned{"https://auth.example": service},
		Connect: func(ipcapi.Address) (http.RoundTripper, error) {
			return ipcapi.Local(mux, ipcapi.Caller{UID: 10012, Identity: "uid:10012"}), nil
		},
	}
}

const registeringServer = `{"issuer": "https://auth.example", "token_endpoint": "https://auth.example/token", "registration_endpoint": "https://auth.example/register"}`

func TestRegister(t *testing.T) {
	var asked map[string]any
	var removed *http.Request
	cfg := registrar(t, registeringServer, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			removed = r
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"client_id": "c1", "registration_access_token": "secret", "registration_client_uri": "https://auth.example/register/c1"}`)
	})
	r, err := client.Register(t.Context(), cfg, "Sums")
	if err != nil || r.ClientID != "c1" {
		t.Fatalf("%+v, %v", r, err)
	}
	if asked["client_name"] != "Sums" || asked["scope"] != "openid profile" || asked["redirect_uris"].([]any)[0] != cfg.RedirectURI || asked["token_endpoint_auth_method"] != "none" {
		t.Errorf("asked %v", asked)
	}
	cfg.ClientID = r.ClientID
	if _, err := client.New(cfg); err != nil {
		t.Error(err)
	}
	if err := client.Unregister(t.Context(), cfg, r); err != nil || removed.URL.Path != "/register/c1" || removed.Header.Get("Authorization") != "Bearer secret" {
		t.Errorf("%v, %v", removed, err)
	}
	r.URI = "https://evil.example/register/c1"
	if err := client.Unregister(t.Context(), cfg, r); !errors.Is(err, client.ErrOtherOrigin) {
		t.Errorf("the token went elsewhere: %v", err)
	}
}

func TestRegisterIsRefused(t *testing.T) {
	answers := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, body) }
	}
	for name, test := range map[string]struct {
		metadata string
		handler  http.HandlerFunc
		change   func(*client.Config)
		code     string
		is       error
	}{
		"refused":         {registeringServer, answers(400, `{"error": "invalid_redirect_uri"}`), nil, "invalid_redirect_uri", nil},
		"unattested":      {registeringServer, answers(403, `{"error": "access_denied"}`), nil, "access_denied", client.ErrAccessDenied},
		"no OAuth":        {registeringServer, answers(500, `oops`), nil, "", nil},
		"no client ID":    {registeringServer, answers(201, `{}`), nil, "", nil},
		"not JSON":        {registeringServer, answers(201, `oops`), nil, "", nil},
		"another origin":  {registeringServer, answers(201, `{"client_id": "c1", "registration_client_uri": "https://evil.example/"}`), nil, "", nil},
		"no endpoint":     {`{"issuer": "https://auth.example", "token_endpoint": "https://auth.example/token"}`, nil, nil, "", client.ErrNoRegistration},
		"unknown service": {registeringServer, nil, func(c *client.Config) { c.Services = client.Pinned{} }, "", client.ErrNoRegistration},
		"endpoint of another origin": {`{"issuer": "https://auth.example", "token_endpoint": "https://auth.example/token", "registration_endpoint": "https://evil.example/register"}`,
			nil, nil, "", client.ErrMetadata},
	} {
		t.Run(name, func(t *testing.T) {
			if test.handler == nil {
				test.handler = func(http.ResponseWriter, *http.Request) { t.Error("it was asked all the same") }
			}
			cfg := registrar(t, test.metadata, test.handler)
			if test.change != nil {
				test.change(&cfg)
			}
			_, err := client.Register(t.Context(), cfg, "Sums")
			var refusal *client.AuthorizationError
			switch {
			case test.is != nil:
				if !errors.Is(err, test.is) {
					t.Errorf("got %v", err)
				}
			case !errors.As(err, &refusal) || refusal.Code != test.code:
				t.Errorf("got %v", err)
			}
		})
	}
}
