package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// An API is a way to the person's side, in another process or in this one.
type API struct{ transport http.RoundTripper }

// AddClient registers a client. An ID that is taken is an error; see [Taken].
func (a API) AddClient(ctx context.Context, c Client) (Client, error) {
	return call[Client](ctx, a, http.MethodPost, "/v1/clients", c)
}

// ReplaceClient registers a client in the place of the one with its ID, if there
// is one. Nothing of the old registration stays; what was granted does.
func (a API) ReplaceClient(ctx context.Context, c Client) (Client, error) {
	return call[Client](ctx, a, http.MethodPut, "/v1/clients", c)
}

// Clients returns the registered clients.
func (a API) Clients(ctx context.Context) ([]Client, error) {
	return call[[]Client](ctx, a, http.MethodGet, "/v1/clients", nil)
}

// RemoveClient removes a client and what was granted to it.
func (a API) RemoveClient(ctx context.Context, id string) error {
	_, err := call[struct{}](ctx, a, http.MethodDelete, "/v1/clients?"+url.Values{"id": {id}}.Encode(), nil)
	return err
}

// AddAccount adds an account.
func (a API) AddAccount(ctx context.Context, username, name string) (Account, error) {
	return call[Account](ctx, a, http.MethodPost, "/v1/accounts", Account{Username: username, Name: name})
}

// Accounts returns the accounts.
func (a API) Accounts(ctx context.Context) ([]Account, error) {
	return call[[]Account](ctx, a, http.MethodGet, "/v1/accounts", nil)
}

// RemoveAccount removes an account and what it granted.
func (a API) RemoveAccount(ctx context.Context, username string) error {
	_, err := call[struct{}](ctx, a, http.MethodDelete, "/v1/accounts?"+url.Values{"username": {username}}.Encode(), nil)
	return err
}

// SetSecret gives an account a PIN or a password, or takes it away.
func (a API) SetSecret(ctx context.Context, s Secret) error {
	_, err := call[struct{}](ctx, a, http.MethodPut, "/v1/accounts/secret", s)
	return err
}

// Grants returns what is granted at present.
func (a API) Grants(ctx context.Context) ([]Grant, error) {
	return call[[]Grant](ctx, a, http.MethodGet, "/v1/grants", nil)
}

// RevokeGrant takes back a grant, with every token beneath it.
func (a API) RevokeGrant(ctx context.Context, id string) error {
	_, err := call[Revoked](ctx, a, http.MethodDelete, "/v1/grants?"+url.Values{"id": {id}}.Encode(), nil)
	return err
}

// RevokeGrants takes back what the account of that subject has granted the client; ""
// is any, but not both. It returns how many grants that were.
func (a API) RevokeGrants(ctx context.Context, sub, clientID string) (int, error) {
	revoked, err := call[Revoked](ctx, a, http.MethodDelete, "/v1/grants?"+url.Values{"sub": {sub}, "client_id": {clientID}}.Encode(), nil)
	return revoked.Grants, err
}

// GrantedLogins returns the logins beneath a grant that are in force.
func (a API) GrantedLogins(ctx context.Context, grantID string) ([]Login, error) {
	return call[[]Login](ctx, a, http.MethodGet, "/v1/grants/"+url.PathEscape(grantID)+"/logins", nil)
}

// SigningKeys returns the key that signs, then those before it.
func (a API) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	return call[[]SigningKey](ctx, a, http.MethodGet, "/v1/keys", nil)
}

// RotateKey puts a new signing key in the place of the present one.
func (a API) RotateKey(ctx context.Context, how Rotation) (SigningKey, error) {
	return call[SigningKey](ctx, a, http.MethodPost, "/v1/keys", how)
}

// Activity returns the newest events, newest first.
func (a API) Activity(ctx context.Context, limit int) ([]Event, error) {
	return call[[]Event](ctx, a, http.MethodGet, fmt.Sprintf("/v1/activity?limit=%d", limit), nil)
}

// Begin takes a launched link and returns what to ask the person, or the answer.
func (a API) Begin(ctx context.Context, launched string) (Request, error) {
	return call[Request](ctx, a, http.MethodPost, "/v1/interactions", link{launched})
}

// Clock returns what the directory remembers of the device's clock.
func (a API) Clock(ctx context.Context) (Clock, error) {
	return call[Clock](ctx, a, http.MethodGet, "/v1/clock", nil)
}

// TrustClock says that the clock is right now.
func (a API) TrustClock(ctx context.Context) error {
	_, err := call[struct{}](ctx, a, http.MethodPut, "/v1/clock", nil)
	return err
}

// AskOnPage has the server show the request of a link on a page in the browser of the
// desktop, and the answer launched. Without a link it shows the person's side.
func (a API) AskOnPage(ctx context.Context, launched string) error {
	_, err := call[struct{}](ctx, a, http.MethodPost, "/v1/pages", link{launched})
	return err
}

// Decide carries a decision out and returns the redirect to launch.
func (a API) Decide(ctx context.Context, id string, d Decision) (Redirect, error) {
	return call[Redirect](ctx, a, http.MethodPost, "/v1/interactions/"+url.PathEscape(id)+"/decision", d)
}

// Launch makes the link that opens an app as a lesson, to be launched.
func (a API) Launch(ctx context.Context, l Launch) (Redirect, error) {
	return call[Redirect](ctx, a, http.MethodPost, "/v1/launches", l)
}

// Upstreams returns where learning records are forwarded to, and how far that has come.
func (a API) Upstreams(ctx context.Context) ([]Upstream, error) {
	return call[[]Upstream](ctx, a, http.MethodGet, "/v1/upstreams", nil)
}

// AddUpstream forwards learning records to another learning record store.
func (a API) AddUpstream(ctx context.Context, u Upstream) error {
	_, err := call[struct{}](ctx, a, http.MethodPost, "/v1/upstreams", u)
	return err
}

// RemoveUpstream forwards nothing more to it.
func (a API) RemoveUpstream(ctx context.Context, endpoint string) error {
	_, err := call[struct{}](ctx, a, http.MethodDelete, "/v1/upstreams?"+url.Values{"endpoint": {endpoint}}.Encode(), nil)
	return err
}

// ForwardNow forwards what waits, for some seconds.
func (a API) ForwardNow(ctx context.Context) (Forwarded, error) {
	return call[Forwarded](ctx, a, http.MethodPost, "/v1/upstreams/now", nil)
}

// RetryForwarding takes everything out of quarantine.
func (a API) RetryForwarding(ctx context.Context) (Retried, error) {
	return call[Retried](ctx, a, http.MethodPost, "/v1/upstreams/retry", nil)
}

func call[T any](ctx context.Context, a API, method, path string, body any) (T, error) {
	var result T
	response, err := a.send(ctx, method, path, body)
	if err != nil {
		return result, err
	}
	defer response.Body.Close()
	return result, json.NewDecoder(response.Body).Decode(&result)
}

// send returns the response, or the refusal it is. The caller closes its body.
func (a API) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://control.invalid"+path, bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.transport.RoundTrip(request)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	refusal := &Error{Status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(refusal); err != nil {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return nil, refusal
}
