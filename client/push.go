package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// push hands the request to the authorization app before anything is launched (RFC
// 9126), and returns the link that refers to it. A link that carries the request
// itself tells nobody who launched it; over IPC the system says who asks, so that
// the person can be told.
//
// It returns "" if that is not possible: the issuer's service is not known
// beforehand, not there, or takes no pushed requests.
func (c *Client) push(ctx context.Context, request *linkhandler.Request) (link string, err error) {
	endpoints, err := c.knownService(ctx)
	if err != nil || endpoints == nil {
		return "", err
	}
	defer endpoints.CloseIdleConnections()
	meta, err := c.discover(ctx, endpoints, true)
	switch {
	case errors.Is(err, ipcapi.ErrNoService):
		return "", nil // no authorization app: the link will open the browser
	case err != nil:
		return "", err
	case meta.Push == "":
		return "", nil
	}
	uri, err := pushRequest(ctx, endpoints, meta.Push, request)
	if err != nil {
		return "", err
	}
	short := linkhandler.Request{ClientID: c.cfg.ClientID, RequestURI: uri}
	return c.endpoint.URL() + "?" + short.Values().Encode(), nil
}

// knownService is the way to the issuer's service, if a [Resolver] knows it.
func (c *Client) knownService(ctx context.Context) (*http.Client, error) {
	resolver, ok := c.cfg.Services.(Resolver)
	if !ok {
		return nil, nil
	}
	service, err := resolver.Resolve(ctx, c.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("service of %s: %w", c.cfg.Issuer, err)
	}
	if len(service) == 0 {
		return nil, nil
	}
	accepted, err := c.verify(ctx, c.cfg.Issuer, service)
	if err != nil {
		return nil, err
	}
	r, err := c.wires(c.cfg.Issuer, accepted)
	if err != nil {
		return nil, err
	}
	return c.endpointsClient(r.endpoints), nil
}

func pushRequest(ctx context.Context, endpoints *http.Client, endpoint string, r *linkhandler.Request) (uri string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(r.Values().Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		RequestURI string `json:"request_uri"`
	}
	if err := answered(endpoints, request, "pushed request", http.StatusCreated, &answer); err != nil {
		return "", err
	}
	if answer.RequestURI == "" {
		return "", &AuthorizationError{Description: "the pushed request was answered without a request_uri"}
	}
	return answer.RequestURI, nil
}
