package ipcapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are in memory, so that synctest can
// move time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

func (p *pipes) dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	p.conns <- far
	return near, nil
}

// inBubble serves h over pipes whose time is synthetic.
func inBubble(t *testing.T, h http.HandlerFunc, run func(t *testing.T, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		server := NewStreamServer(h, StreamConfig{Logger: quiet})
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(p) }()
		run(t, p)
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

func TestSlowHeadIsCutOff(t *testing.T) {
	inBubble(t, func(http.ResponseWriter, *http.Request) { t.Error("served") }, func(t *testing.T, p *pipes) {
		conn, _ := p.dial(t.Context())
		start := time.Now()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHo")
		io.Copy(io.Discard, conn)
		if waited := time.Since(start); waited < headTimeout || waited > headTimeout+time.Second {
			t.Errorf("cut off after %v", waited)
		}
	})
}

func TestStalledBodyIsCutOff(t *testing.T) {
	var got error
	var when time.Time
	inBubble(t, func(w http.ResponseWriter, r *http.Request) {
		_, got = io.ReadAll(r.Body)
		when = time.Now()
	}, func(t *testing.T, p *pipes) {
		conn, _ := p.dial(t.Context())
		defer conn.Close()
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
		for range 3 { // slow, but it goes on
			time.Sleep(progressTimeout - time.Second)
			io.WriteString(conn, "x")
		}
		start := time.Now()
		io.Copy(io.Discard, conn)
		if waited := when.Sub(start); kindOf(got) != ErrDeadline || waited != progressTimeout {
			t.Errorf("%v after %v", got, waited)
		}
	})
}

// A handler may take longer than a body is waited for.
func TestSlowHandlerIsLeftAlone(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, r *http.Request) {
		io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			t.Error("cancelled")
		case <-time.After(3 * progressTimeout):
		}
		io.WriteString(w, "done")
	}, func(t *testing.T, p *pipes) {
		rt := &StreamTransport{Dial: p.dial, Timeout: time.Hour}
		defer rt.CloseIdleConnections()
		if _, body, err := get(t, rt, "POST", "x"); body != "done" {
			t.Error(body, err)
		}
	})
}

func TestSilentServiceIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		go func() {
			conn, _ := p.Accept()
			io.Copy(io.Discard, conn)
		}()
		start := time.Now()
		_, _, err := get(t, NewStreamTransport(p.dial), "GET", "")
		if !errors.Is(err, ErrDeadline) || time.Since(start) != DefaultTimeout {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestEndlessRequestBodyIsCapped(t *testing.T) {
	p := newPipes()
	got := make(chan error, 1)
	server := NewStreamServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		got <- err
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}), StreamConfig{Limits: Limits{Body: 100_000}, Logger: quiet})
	go server.Serve(p)
	defer server.Close()
	rt := NewStreamTransport(p.dial)
	defer rt.CloseIdleConnections()
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://a.example/", endless{})
	if resp, err := rt.RoundTrip(r); err == nil {
		resp.Body.Close()
	}
	if large := (*http.MaxBytesError)(nil); !errors.As(<-got, &large) {
		t.Error("the body was not capped")
	}
}

func TestHeadsAreCapped(t *testing.T) {
	p := newPipes()
	server := NewStreamServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Long", strings.Repeat("x", 100<<10))
	}), StreamConfig{Logger: quiet})
	go server.Serve(p)
	defer server.Close()
	rt := NewStreamTransport(p.dial)
	defer rt.CloseIdleConnections()
	if resp, _, err := get(t, rt, "GET", ""); err == nil {
		t.Errorf("response of %d fields accepted", len(resp.Header))
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://a.example/", nil)
	r.Header.Set("Long", strings.Repeat("x", 100<<10))
	if resp, err := rt.RoundTrip(r); err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v, %v", resp, err)
	}
}
