package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Revoke ends the login at the authorization server (RFC 7009), for every token
// of it, and then forgets it here. An http.Client that was made for it fails with
// [ErrLoginRequired] from then on.
//
// If the server cannot be reached or refuses, the login stays, so that Revoke can
// be called again; [Client.Forget] removes it regardless. The errors are
// [ErrNotLoggedIn], [*UnverifiedServiceError], [*TokenError], and
// errors.ErrUnsupported if the server has no revocation endpoint.
func (c *Client) Revoke(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	l, err := c.loadLogin(ctx)
	if err != nil {
		return err
	}
	if l.Revocation == "" {
		return fmt.Errorf("the server has no revocation endpoint, only Forget is possible: %w", errors.ErrUnsupported)
	}
	if err := c.revoke(ctx, s.endpoints, l); err != nil {
		return err
	}
	return c.Forget(ctx)
}

// revoke sends the refresh token, with which the access tokens end (RFC 7009
// section 2.1), or else the access token.
func (c *Client) revoke(ctx context.Context, endpoints *http.Client, l *login) error {
	token, hint := l.Token.RefreshToken, "refresh_token"
	if token == "" {
		token, hint = l.Token.AccessToken, "access_token"
	}
	form := url.Values{"token": {token}, "token_type_hint": {hint}, "client_id": {c.cfg.ClientID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := endpoints.Do(request)
	if err != nil {
		return fmt.Errorf("revocation request: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return revocationError(response)
}

func revocationError(response *http.Response) error {
	var body struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	encoded, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil || json.Unmarshal(encoded, &body) != nil || body.Code == "" {
		body.Description = "the answer is not one of RFC 7009"
	}
	return &TokenError{Status: response.StatusCode, Code: body.Code, Description: body.Description}
}
