package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// ErrNoRegistration: the authorization app lets no app register itself, or its
// service is not known. Ask its maker, or the person, for a client ID.
var ErrNoRegistration = errors.New("the authorization app takes no registrations")

// A Registration is what an app has to keep of its own registration. Keep it as the
// login is kept: the token is a secret, and the system may tie it to the app.
type Registration struct {
	ClientID string `json:"client_id"` // for [Config.ClientID]
	Token    string `json:"registration_access_token"`
	URI      string `json:"registration_client_uri"`
}

// Register introduces the app to the authorization app of cfg.Issuer (RFC 7591), which
// the operating system tells which app it is; name is shown to the person. cfg.ClientID
// is not read, and [Config.Services] must be a [Resolver] that knows the issuer's
// service.
//
// A registration that nobody approves is removed after a while, and the person can
// remove it: when logins say `invalid_client`, register again. The errors are
// [ErrNoRegistration], an [*AuthorizationError] such as `invalid_redirect_uri` or, if
// the system cannot tell which app it is, `access_denied`, and those of
// [Client.StartPushed].
func Register(ctx context.Context, cfg Config, name string) (Registration, error) {
	var r Registration
	err := registering(ctx, cfg, func(c *Client, endpoints *http.Client) error {
		meta, err := c.discover(ctx, endpoints, true)
		if err != nil {
			return err
		}
		if meta.Registration == "" {
			return ErrNoRegistration
		}
		body, err := json.Marshal(map[string]any{
			"client_name":                name,
			"redirect_uris":              []string{cfg.RedirectURI},
			"scope":                      strings.Join(cfg.Scopes, " "),
			"token_endpoint_auth_method": "none",
		})
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, meta.Registration, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		if err := answered(endpoints, request, "registration", http.StatusCreated, &r); err != nil {
			return err
		}
		if r.ClientID == "" || r.URI != "" && originOf(r.URI) != c.origin {
			return &AuthorizationError{Description: "the registration was answered by one without a client ID, or of another origin"}
		}
		return nil
	})
	return r, err
}

// Unregister removes the registration (RFC 7592 section 2.3), and with it what the
// person has granted to it.
func Unregister(ctx context.Context, cfg Config, r Registration) error {
	return registering(ctx, cfg, func(c *Client, endpoints *http.Client) error {
		if originOf(r.URI) != c.origin {
			return fmt.Errorf("%w: the registration is of another issuer", ErrOtherOrigin)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodDelete, r.URI, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+r.Token)
		return answered(endpoints, request, "removal of the registration", http.StatusNoContent, nil)
	})
}

// registering calls do with the way to the issuer's service.
func registering(ctx context.Context, cfg Config, do func(*Client, *http.Client) error) error {
	cfg.ClientID = "not-registered-yet" // which goes nowhere
	c, err := New(cfg)
	if err != nil {
		return err
	}
	endpoints, err := c.knownService(ctx)
	if err != nil {
		return err
	}
	if endpoints == nil {
		return ErrNoRegistration
	}
	defer endpoints.CloseIdleConnections()
	return do(c, endpoints)
}

// answered sends a request to an endpoint and decodes the answer, if it has the status
// that is wanted. What else is answered is an [*AuthorizationError].
func answered(endpoints *http.Client, request *http.Request, what string, status int, answer any) error {
	request.Header.Set("Accept", "application/json")
	response, err := endpoints.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if response.StatusCode == status {
		if answer == nil || json.Unmarshal(body, answer) == nil {
			return nil
		}
		return notUnderstood(what, response)
	}
	var refusal struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &refusal) != nil || refusal.Code == "" {
		return notUnderstood(what, response)
	}
	return &AuthorizationError{Code: refusal.Code, Description: refusal.Description}
}

func notUnderstood(what string, response *http.Response) error {
	return &AuthorizationError{Description: "the " + what + " was answered " + response.Status + " and nothing that is understood"}
}
