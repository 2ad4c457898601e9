package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"os"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// A reporter tells the demonstration what goes over the wires. An app of one's
// own needs nothing of this file.
type reporter struct {
	mu        sync.Mutex
	stream    http.RoundTripper // the last stream wire that was opened
	lastToken string            // the last Authorization header that was sent
}

// An exchange is one request and its answer, as a line of JSON.
type exchange struct {
	Wire     string        // "message" or "stream"
	Method   string        // of the request
	URL      string        // of the request
	Status   string        // of the answer
	Refused  string        // its WWW-Authenticate
	Took     time.Duration // from the request to the head of the answer
	Request  []byte
	Response []byte
}

// connect opens addresses as the client itself would, and listens in.
func (j *reporter) connect(issuer string, services client.Pinned) func(ipcapi.Address) (http.RoundTripper, error) {
	return func(a ipcapi.Address) (http.RoundTripper, error) {
		dialer := &unixipc.Dialer{Address: a, VerifyPeer: func(peer ipcapi.Caller) error {
			return services.VerifyPeer(issuer, a, peer)
		}}
		transport, err := dialer.Transport()
		if err != nil {
			return nil, err
		}
		wire := "stream"
		if a.Scheme == ipcapi.UnixSeqpacket {
			wire = "message"
		}
		listening := tap{wire, transport, j}
		if wire == "stream" {
			j.mu.Lock()
			j.stream = listening
			j.mu.Unlock()
		}
		return listening, nil
	}
}

// A tap reports each exchange of a wire.
type tap struct {
	wire string
	http.RoundTripper
	journal *reporter
}

func (t tap) RoundTrip(r *http.Request) (*http.Response, error) {
	request, err := httputil.DumpRequest(r, true)
	if err != nil {
		return nil, err
	}
	if token := r.Header.Get("Authorization"); token != "" {
		t.journal.mu.Lock()
		t.journal.lastToken = token
		t.journal.mu.Unlock()
	}
	begun := time.Now()
	response, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	answer, err := httputil.DumpResponse(response, true)
	if err != nil {
		return nil, err
	}
	return response, t.journal.report(exchange{
		Wire: t.wire, Method: r.Method, URL: r.URL.String(), Status: response.Status,
		Refused: response.Header.Get("WWW-Authenticate"), Took: took, Request: request, Response: answer,
	})
}

func (j *reporter) report(e exchange) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return json.NewEncoder(os.Stdout).Encode(e)
}

// epilogue refreshes, revokes, and shows that the revoked token is refused.
func (j *reporter) epilogue(ctx context.Context, c *client.Client, api *http.Client, issuer string) error {
	if err := c.Refresh(ctx); err != nil {
		return err
	}
	if _, err := get(api, issuer+"/userinfo"); err != nil {
		return err
	}
	if err := c.Revoke(ctx); err != nil {
		return err
	}
	// The client has forgotten the token. A thief who kept a copy has not.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/userinfo", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", j.lastToken)
	response, err := j.stream.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("the revoked token was answered %s", response.Status)
	}
	return nil
}
