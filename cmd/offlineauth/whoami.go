package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/offlineauth/offlineauth/client"
)

// whoami asks userinfo, to name the account a login is for.
func whoami(ctx context.Context, c *client.Client, issuer string) string {
	httpClient, err := c.HTTPClient(ctx)
	if err != nil {
		return ""
	}
	response, err := httpClient.Get(strings.TrimSuffix(issuer, "/") + "/userinfo")
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	var claims struct {
		Subject  string `json:"sub"`
		Username string `json:"preferred_username"`
	}
	if json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&claims) != nil {
		return ""
	}
	if claims.Username != "" {
		return claims.Username
	}
	return claims.Subject
}
