package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/offlineauth/offlineauth/jose"
)

func fetchKeys(ctx context.Context, endpoints *http.Client, url string) (jose.Keys, error) {
	if url == "" {
		return nil, errors.New("the issuer has no jwks_uri")
	}
	status, encoded, err := get(ctx, endpoints, url)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("keys: HTTP status %d", status)
	}
	return jose.ParseKeys(encoded)
}
