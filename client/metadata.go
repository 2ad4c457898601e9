package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// metadata are what this client needs of RFC 8414 section 2.
type metadata struct {
	Issuer       string `json:"issuer"`
	Push         string `json:"pushed_authorization_request_endpoint"`
	Token        string `json:"token_endpoint"`
	Revocation   string `json:"revocation_endpoint"`
	Keys         string `json:"jwks_uri"`
	Registration string `json:"registration_endpoint"`

	ProofAlgorithms []string `json:"dpop_signing_alg_values_supported"` // RFC 9449 section 5.1
}

// maxDocument bounds the metadata and the keys, in bytes.
const maxDocument = 256 << 10

// discover fetches and checks the issuer's metadata, from where RFC 8414 section
// 3.1 has them or, failing that, OpenID Connect Discovery section 4.
func (c *Client) discover(ctx context.Context, endpoints *http.Client, overIPC bool) (*metadata, error) {
	issuer, err := url.Parse(c.cfg.Issuer)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(issuer.EscapedPath(), "/")
	status, encoded, err := get(ctx, endpoints, c.origin+"/.well-known/oauth-authorization-server"+base)
	if err == nil && status == http.StatusNotFound {
		status, encoded, err = get(ctx, endpoints, c.origin+base+"/.well-known/openid-configuration")
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("metadata: %w", err)
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: HTTP status %d", ErrMetadata, status)
	}
	m := new(metadata)
	if err := json.Unmarshal(encoded, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	if err := m.check(c.cfg.Issuer, c.origin, overIPC); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	return m, nil
}

// check refuses another issuer's metadata (RFC 8414 section 3.3) and endpoints
// that are not https. Over IPC all are of the issuer's origin, since only that one
// is at the other end.
func (m *metadata) check(issuer, origin string, overIPC bool) error {
	if m.Issuer != issuer {
		return fmt.Errorf("they are of the issuer %.200q", m.Issuer)
	}
	for _, e := range []struct {
		name, url string
		required  bool
	}{
		{"pushed_authorization_request_endpoint", m.Push, false},
		{"token_endpoint", m.Token, true},
		{"revocation_endpoint", m.Revocation, false},
		{"jwks_uri", m.Keys, false},
		{"registration_endpoint", m.Registration, false},
	} {
		switch of := originOf(e.url); {
		case e.url == "" && !e.required:
		case of == "":
			return fmt.Errorf("%s %.200q is not an https URL", e.name, e.url)
		case overIPC && of != origin:
			return fmt.Errorf("%s %.200q is not of the issuer's origin", e.name, e.url)
		}
	}
	return nil
}

// get fetches a small document.
func get(ctx context.Context, endpoints *http.Client, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := endpoints.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = fmt.Errorf("%s is larger than %d bytes", url, maxDocument)
	}
	return response.StatusCode, body, err
}
