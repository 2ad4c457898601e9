package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/client"
)

// requestTimeout bounds the whole of a «request».
const requestTimeout = time.Minute

type requestCommand struct {
	verboseFlag
	url      string
	clientID string
	method   string
	headers  []string
	body     string
}

func newRequest(t *terminal) *cobra.Command {
	var r requestCommand
	c := withArgument(&cobra.Command{
		Use:   "request URL",
		Short: "Send a request with the stored login, over IPC or the network",
		Long: `Send a request with the stored login, over IPC or the network, and print the body
of the answer. The exit code is 1 if its status is 400 or above.`,
	}, func(ctx context.Context, url string) error {
		r.url = url
		return r.run(ctx, t)
	})
	r.addTo(c)
	flags := c.Flags()
	flags.StringVar(&r.clientID, "client-id", "", "client `ID` of the login, if there are several for the URL")
	flags.StringVarP(&r.method, "method", "X", "", "HTTP `METHOD` (default GET, or POST with -d)")
	flags.StringArrayVarP(&r.headers, "header", "H", nil, "header `\"K: V\"`; may be repeated")
	flags.StringVarP(&r.body, "data", "d", "", "`BODY` to send; @FILE sends a file. JSON is sent as application/json unless -H says otherwise")
	return c
}

func (r *requestCommand) run(ctx context.Context, t *terminal) error {
	r.log(t, slog.LevelWarn)
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := r.build(ctx)
	if err != nil {
		return err
	}
	dir, err := loginDir()
	if err != nil {
		return err
	}
	l, err := findLogin(dir, request.URL, r.clientID)
	if err != nil {
		return err
	}
	c, err := l.client(dir)
	if err != nil {
		return err
	}
	return explained(r.send(ctx, t, c, request))
}

func (r *requestCommand) send(ctx context.Context, t *terminal, c *client.Client, request *http.Request) error {
	httpClient, err := c.HTTPClient(ctx)
	if err != nil {
		return err
	}
	response, err := httpClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(t.out, response.Body); err != nil {
		return err
	}
	return refusal(response)
}

// refusal is the error of an answer that is none.
func refusal(response *http.Response) error {
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("the server answered %s (%s): the login may have been revoked; use «offlineauth login»", response.Status, response.Header.Get("WWW-Authenticate"))
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("the server answered %s", response.Status)
	}
	return nil
}

func (r *requestCommand) build(ctx context.Context) (*http.Request, error) {
	if u, err := url.Parse(r.url); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, usageError("the URL must be an https one, as it is online")
	}
	content, err := r.content()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, r.httpMethod(), r.url, strings.NewReader(content))
	if err != nil {
		return nil, usageError(err.Error())
	}
	for _, header := range r.headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok || name == "" {
			return nil, usageError("a header is written as 'Name: value', not " + header)
		}
		request.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if request.Header.Get("Content-Type") == "" && json.Valid([]byte(content)) {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

func (r *requestCommand) httpMethod() string {
	switch {
	case r.method != "":
		return r.method
	case r.body != "":
		return http.MethodPost
	}
	return http.MethodGet
}

func (r *requestCommand) content() (string, error) {
	file, isFile := strings.CutPrefix(r.body, "@")
	if !isFile {
		return r.body, nil
	}
	if file == "" {
		return "", usageError("name the file after @, as in -d @statement.json")
	}
	content, err := os.ReadFile(file)
	return string(content), err
}
