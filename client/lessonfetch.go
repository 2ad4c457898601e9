package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// maxFetched bounds the answer of a fetch URL, in bytes.
const maxFetched = 64 << 10

// fetchOnce returns the value of the Authorization header. What was fetched is
// stored before it is used: the server gives it to nobody a second time.
func (c *Client) fetchOnce(ctx context.Context, l *linkhandler.LaunchLink, endpoints *http.Client) (string, error) {
	sum := sha256.Sum256([]byte(l.Fetch))
	key := "launch-" + hex.EncodeToString(sum[:16])
	stored, err := c.cfg.Store.Load(ctx, key)
	switch {
	case err == nil:
		return "Basic " + string(stored), nil
	case !isNotExist(err):
		return "", fmt.Errorf("load the credentials of the launch: %w", err)
	}
	token, err := fetchToken(ctx, l.Fetch, endpoints)
	if err != nil {
		return "", err
	}
	if err := c.cfg.Store.Save(context.WithoutCancel(ctx), key, []byte(token)); err != nil {
		return "", fmt.Errorf("save the credentials of the launch: %w", err)
	}
	return "Basic " + token, nil
}

// fetchToken asks a fetch URL (cmi5 section 8.2).
func fetchToken(ctx context.Context, fetch string, endpoints *http.Client) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, fetch, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrLaunchLink, err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := endpoints.Do(request)
	if err != nil {
		return "", fmt.Errorf("fetch the credentials of the launch: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Token     string `json:"auth-token"`
		ErrorCode string `json:"error-code"`
		ErrorText string `json:"error-text"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, maxFetched)).Decode(&answer)
	switch {
	case err == nil && answer.ErrorCode != "":
		return "", &FetchError{answer.ErrorCode, answer.ErrorText}
	case response.StatusCode != http.StatusOK:
		return "", &FetchError{"", "the server answered " + response.Status}
	case err != nil || !isBasicToken(answer.Token):
		return "", &FetchError{"", "the answer has no credentials for HTTP Basic"}
	}
	return answer.Token, nil
}

// isBasicToken keeps anything else out of a header. The decoder alone lets line
// breaks pass.
func isBasicToken(token string) bool {
	_, err := base64.StdEncoding.DecodeString(token)
	return err == nil && token != "" && !strings.ContainsAny(token, "\r\n")
}
