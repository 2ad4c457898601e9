//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// A request that is being served when the server is told to end gets its answer.
func TestEndingWaitsForARequest(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	dir := t.TempDir()
	server, err := offlineauth.New(ctx, offlineauth.Config{Issuer: "https://auth.example", DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s, err := listen(t.Context(), dir, nil, nil)
	defer s.close()
	if err != nil {
		t.Fatal(err)
	}
	serving, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.serve(serving, server, newIdleWatch(0)) }()

	conn, err := unixipc.Dial(ctx, control.Address(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(limit))
	const body = `{"username": "amina"}`
	fmt.Fprintf(conn, "POST /v1/accounts HTTP/1.1\r\nHost: control.invalid\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	answers := bufio.NewReader(conn)
	if response, err := http.ReadResponse(answers, nil); err != nil || response.StatusCode != http.StatusContinue {
		t.Fatalf("the request is not being served: %v, %v", response, err)
	}
	end()
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %s", response.Status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
