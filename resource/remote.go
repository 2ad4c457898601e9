package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxIntrospection bounds the answer of an introspection endpoint, in bytes.
const maxIntrospection = 64 << 10

// Remote asks the introspection endpoint of an authorization server (RFC 7662)
// in another process. It keeps nothing: a revocation is seen by the next request.
type Remote struct {
	Endpoint string       // the introspection endpoint, https
	Client   *http.Client // speaks to the issuer, over IPC as a rule; give it a deadline
	ClientID string       // this API app, as it is registered
	Secret   string       // its secret; "" if it is registered with an app identity, which the operating system attests
}

// Introspect implements [Introspector].
func (r *Remote) Introspect(ctx context.Context, token string) (Token, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	if r.Secret == "" {
		form.Set("client_id", r.ClientID)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if r.Secret != "" {
		request.SetBasicAuth(url.QueryEscape(r.ClientID), url.QueryEscape(r.Secret))
	}
	response, err := withoutRedirects(r.Client).Do(request)
	if err != nil {
		return Token{}, fmt.Errorf("introspection: %w", err)
	}
	defer response.Body.Close()
	return readIntrospection(response)
}

// withoutRedirects is the client that follows no redirect: one would take a token to
// somebody else, or bring somebody else's keys.
func withoutRedirects(c *http.Client) *http.Client {
	client := *c
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func readIntrospection(response *http.Response) (Token, error) {
	if response.StatusCode != http.StatusOK {
		return Token{}, fmt.Errorf("introspection: the authorization server answered %s; check the API app's registration", response.Status)
	}
	var answer struct {
		Active    bool         `json:"active"`
		Scope     string       `json:"scope"`
		ClientID  string       `json:"client_id"`
		Subject   string       `json:"sub"`
		Audience  audience     `json:"aud"`
		ExpiresAt int64        `json:"exp"`
		Confirm   confirmation `json:"cnf"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxIntrospection)).Decode(&answer); err != nil {
		return Token{}, fmt.Errorf("introspection: %w", err)
	}
	if !answer.Active {
		return Token{}, fmt.Errorf("%w, says the authorization server", ErrInvalidToken)
	}
	token := Token{
		Subject:  answer.Subject,
		ClientID: answer.ClientID,
		Scopes:   strings.Fields(answer.Scope),
		Audience: answer.Audience,
		App:      answer.Confirm.App,
		DPoPKey:  answer.Confirm.DPoPKey,
	}
	if answer.ExpiresAt > 0 {
		token.ExpiresAt = time.Unix(answer.ExpiresAt, 0)
	}
	return token, nil
}

// audience is a string or a list of them (RFC 7519 section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil && one != "" { // null is neither
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}
