package ipcapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a service whose every connection is played by a function of its
// number.
type scripted struct {
	*StreamTransport
	dials, requests atomic.Int32
}

func startScripted(t *testing.T, play func(s *scripted, dial int32, conn net.Conn, requests *bufio.Reader)) *scripted {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{}
	s.StreamTransport = NewStreamTransport(func(ctx context.Context) (net.Conn, error) {
		s.dials.Add(1)
		return new(net.Dialer).DialContext(ctx, "unix", path)
	})
	s.Timeout = 10 * time.Second
	t.Cleanup(func() { l.Close(); s.CloseIdleConnections() })
	go func() {
		for dial := int32(1); ; dial++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				play(s, dial, conn, bufio.NewReader(conn))
			}()
		}
	}()
	return s
}

// take reads one whole request.
func (s *scripted) take(requests *bufio.Reader) bool {
	r, err := http.ReadRequest(requests)
	if err != nil {
		return false
	}
	io.Copy(io.Discard, r.Body)
	s.requests.Add(1)
	return true
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func answerAll(s *scripted, _ int32, conn net.Conn, requests *bufio.Reader) {
	for s.take(requests) {
		io.WriteString(conn, ok)
	}
}

func TestOneConnectionForRequestsInTurn(t *testing.T) {
	s := startScripted(t, answerAll)
	for range 5 {
		if _, body, err := get(t, s, "POST", "x"); body != "ok" || err != nil {
			t.Fatal(body, err)
		}
	}
	if s.dials.Load() != 1 || s.requests.Load() != 5 {
		t.Errorf("%d connections, %d requests", s.dials.Load(), s.requests.Load())
	}
}

// What the service closed while nobody used it loses no request, and no request
// is carried out twice that could do harm.
func TestClosedConnections(t *testing.T) {
	closed := make(chan struct{}, 1)
	hangUpIdle := func(s *scripted, dial int32, conn net.Conn, requests *bufio.Reader) {
		s.take(requests)
		io.WriteString(conn, ok)
		if dial == 1 {
			conn.Close()
			closed <- struct{}{}
			return
		}
		answerAll(s, dial, conn, requests)
	}
	dieCarryingOut := func(s *scripted, dial int32, conn net.Conn, requests *bufio.Reader) {
		s.take(requests)
		io.WriteString(conn, ok)
		closed <- struct{}{}
		if s.take(requests); dial > 1 {
			io.WriteString(conn, ok)
		}
	}
	for _, test := range []struct {
		name, method    string
		play            func(*scripted, int32, net.Conn, *bufio.Reader)
		err             error
		dials, requests int32
	}{
		{"closed idle, POST", "POST", hangUpIdle, nil, 2, 2},
		{"closed idle, GET", "GET", hangUpIdle, nil, 2, 2},
		{"died with a POST", "POST", dieCarryingOut, ErrServiceDied, 1, 2},
		{"died with a GET", "GET", dieCarryingOut, nil, 2, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startScripted(t, test.play)
			if _, _, err := get(t, s, "POST", "first"); err != nil {
				t.Fatal(err)
			}
			<-closed
			if _, _, err := get(t, s, test.method, ""); !errors.Is(err, test.err) {
				t.Errorf("%v, want %v", err, test.err)
			}
			if s.dials.Load() != test.dials || s.requests.Load() != test.requests {
				t.Errorf("%d connections, %d requests", s.dials.Load(), s.requests.Load())
			}
		})
	}
}

// TestAnswersOneAtATime gives the same answer on every connection, and says which
// connections may be used again.
func TestAnswersOneAtATime(t *testing.T) {
	for _, test := range []struct {
		name, answer, body string
		kind               error
		again              bool
	}{
		{"whole", ok, "ok", nil, true},
		{"empty", "HTTP/1.1 204 No Content\r\n\r\n", "", nil, true},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", nil, true},
		{"interim first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok, "ok", nil, true},
		{"said to be the last", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", nil, false},
		{"more than was asked for", ok + ok, "ok", nil, false},
		{"endless interim", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20), "", errInterim, false},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", errInterim, false},
		{"long head", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", DefaultHead) + "\r\n\r\n", "", ErrTooLarge, false},
		{"long status line", strings.Repeat("H", 2*DefaultHead), "", ErrTooLarge, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startScripted(t, func(s *scripted, _ int32, conn net.Conn, requests *bufio.Reader) {
				for s.take(requests) {
					io.WriteString(conn, test.answer)
				}
			})
			for range 2 {
				if _, body, err := get(t, s, "POST", "x"); body != test.body || !errors.Is(err, test.kind) {
					t.Fatalf("%q, %v", body, err)
				}
			}
			if again := s.dials.Load() == 1; again != test.again {
				t.Errorf("used again: %v", again)
			}
		})
	}
}

func TestAnswerBeforeTheBodyIsRead(t *testing.T) {
	s := startScripted(t, func(_ *scripted, _ int32, conn net.Conn, _ *bufio.Reader) {
		io.WriteString(conn, "HTTP/1.1 413 Request Entity Too Large\r\nIpc-Error: request-too-large\r\nContent-Length: 0\r\n\r\n")
	})
	if _, _, err := get(t, s, "POST", strings.Repeat("x", smallBody)); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func TestBodyThatIsGivenUpEndsItsConnection(t *testing.T) {
	s := startScripted(t, answerAll)
	for range 2 {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://a.example/", nil)
		resp, err := s.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("read after Close: %v", err)
		}
	}
	if s.dials.Load() != 2 {
		t.Errorf("%d connections", s.dials.Load())
	}
}

func TestCancelledInTheBody(t *testing.T) {
	s := startScripted(t, func(s *scripted, _ int32, conn net.Conn, requests *bufio.Reader) {
		s.take(requests)
		io.WriteString(conn, ok[:len(ok)-1])
		s.take(requests) // until it is closed
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", "https://a.example/", nil)
	resp, err := s.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, func(t *testing.T, p *pipes) {
		dials := 0
		rt := NewStreamTransport(func(ctx context.Context) (net.Conn, error) { dials++; return p.dial(ctx) })
		defer rt.CloseIdleConnections()
		for _, pause := range []time.Duration{0, maxIdleTime - time.Second, maxIdleTime - time.Second, maxIdleTime + time.Second} {
			time.Sleep(pause)
			synctest.Wait()
			if _, _, err := get(t, rt, "GET", ""); err != nil {
				t.Error(err)
			}
		}
		if dials != 2 {
			t.Errorf("%d connections", dials)
		}
	})
}
