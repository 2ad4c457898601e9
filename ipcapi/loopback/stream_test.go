package loopback

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// overStream starts a localhost server before a service on a unix socket.
func overStream(t *testing.T, h http.HandlerFunc) *Server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	service := ipcapi.NewStreamServer(h, ipcapi.StreamConfig{})
	go service.Serve(l)
	t.Cleanup(func() { service.Close() })
	rt := ipcapi.NewStreamTransport(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	})
	t.Cleanup(rt.CloseIdleConnections)
	return start(t, rt)
}

// TestStreamsBothWays has a conversation in one request: each line is answered
// before the next is sent.
func TestStreamsBothWays(t *testing.T) {
	s := overStream(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.EnableFullDuplex()
		lines := bufio.NewReader(r.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprintf(w, "heard %s", line)
			control.Flush()
		}
	})
	body, say := io.Pipe()
	r, _ := http.NewRequestWithContext(t.Context(), "POST", s.BaseURL()+"/talk", body)
	go io.WriteString(say, "0\n")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answers := bufio.NewReader(resp.Body)
	for i := range 5 {
		if answer, err := answers.ReadString('\n'); answer != fmt.Sprintf("heard %d\n", i) {
			t.Fatalf("%q, %v", answer, err)
		}
		fmt.Fprintf(say, "%d\n", i+1)
	}
	say.Close()
}

// Who stops reading stops the work at the other end.
func TestHangingUpPasses(t *testing.T) {
	ended := make(chan struct{})
	s := overStream(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	})
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.BaseURL()+"/events", nil)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(resp.Body, make([]byte, 5))
	resp.Body.Close()
	<-ended
}

// TestHopByHop: what is about one connection stays on it (RFC 9110 section 7.6.1).
func TestHopByHop(t *testing.T) {
	hops := http.Header{"Connection": {"X-Hop, keep-alive"}, "X-Hop": {"1"}, "Keep-Alive": {"timeout=5"}, "Proxy-Connection": {"keep-alive"}, "Te": {"gzip"}, "Proxy-Authenticate": {"x"}, "Proxy-Authorization": {"x"}}
	believed := []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
	s := start(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		for name := range hops {
			if r.Header.Get(name) != "" {
				t.Errorf("%s: %s reached the issuer", name, r.Header.Get(name))
			}
		}
		for _, name := range believed {
			if r.Header.Get(name) != "" {
				t.Errorf("%s reached the issuer", name)
			}
		}
		h := hops.Clone()
		h.Set("X-End", "1")
		return &http.Response{StatusCode: 200, Header: h, Body: http.NoBody, Request: r}, nil
	}))
	r, _ := http.NewRequest("GET", s.BaseURL()+"/x", nil)
	r.Header = hops.Clone()
	for _, name := range believed {
		r.Header.Set(name, "for=192.0.2.1;host=issuer.example")
	}
	resp, _ := do(t, r)
	for name := range hops {
		if resp.Header.Get(name) != "" {
			t.Errorf("%s came back", name)
		}
	}
	if resp.Header.Get("X-End") != "1" {
		t.Error("what is end to end did not come back")
	}
}

// Some HTTP libraries offer HTTP/2 with their first request.
func TestOfferOfHTTP2IsIgnored(t *testing.T) {
	s := start(t, issuer(t))
	r, _ := http.NewRequest("GET", s.BaseURL()+"/x", nil)
	r.Header = http.Header{"Connection": {"Upgrade, HTTP2-Settings"}, "Upgrade": {"h2c"}, "Http2-Settings": {"AAMAAABkAAQAoAAAAAIAAAAA"}}
	if resp, body := do(t, r); resp.StatusCode != 200 || resp.ProtoMajor != 1 {
		t.Errorf("%s %q", resp.Status, body)
	}
}

// A body that nobody will read is not waited for.
func TestRefusedBodiesAreNotWaitedFor(t *testing.T) {
	s := start(t, issuer(t))
	conn, err := net.Dial("tcp", s.server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /wrong HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\nx", s.server.Addr)
	answer, err := io.ReadAll(conn) // to the end of the connection
	if err != nil || len(answer) == 0 {
		t.Errorf("%q, %v", answer, err)
	}
}

func Example() {
	// What the app has: the transport of client.HTTPClient, say.
	transport := ipcapi.Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL)
	}), ipcapi.Caller{})

	server, err := Start(context.Background(), Config{Issuer: "https://lms.example", Transport: transport})
	if err != nil {
		panic(err)
	}
	defer server.Close()

	resp, err := http.Get(server.BaseURL() + "/xapi/statements") // any HTTP library, in any language
	if err != nil {
		panic(err)
	}
	io.Copy(os.Stdout, resp.Body)
	// Output: /xapi/statements
}
