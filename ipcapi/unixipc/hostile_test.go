//go:build linux

package unixipc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

const (
	wholeRequest = "POST /echo HTTP/1.1\r\nHost: issuer.example\r\nContent-Length: 5\r\nX-Filler: 0123456789\r\n\r\nhello"
	wholeAnswer  = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
)

// next requires that the service serves: what came before has cost nobody else.
func next(t *testing.T, a ipcapi.Address) {
	t.Helper()
	if got, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "next"); got != "200 next" || err != nil {
		t.Fatalf("the next request: %q, %v", got, err)
	}
}

// TestClientDiesAtEveryByte sends each beginning of a request and hangs up.
func TestClientDiesAtEveryByte(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		serve(t, a, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if r.ContentLength > 0 && err == nil && int64(len(body)) != r.ContentLength {
				t.Errorf("%q of a body of %d bytes passed for the whole", body, r.ContentLength)
			}
			w.Write(body)
		})})
		for n := range len(wholeRequest) + 1 {
			conn, err := (&Dialer{Address: a}).DialContext(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				io.WriteString(conn, wholeRequest[:n])
			}
			conn.Close()
			if n%16 == 0 {
				next(t, a)
			}
		}
		next(t, a)
	})
}

// TestServiceDiesAtEveryByte sends each beginning of an answer and hangs up. The
// client gets a typed error, and with the same transport its next request works.
func TestServiceDiesAtEveryByte(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		answers := make(chan string, 1)
		l, err := Listen(a)
		if err != nil {
			t.Fatal(err)
		}
		var playing sync.WaitGroup
		playing.Go(func() { playAnswers(l, answers) })
		defer playing.Wait()
		defer l.Close()
		rt := transport(t, Dialer{Address: a})
		for n := range len(wholeAnswer) + 1 {
			answers <- wholeAnswer[:n]
			got, err := send1(t.Context(), rt, "POST", "hello")
			var malformed *ipcapi.MessageError
			switch {
			case n == len(wholeAnswer) && (got != "200 hello" || err != nil):
				t.Errorf("whole: %q, %v", got, err)
			case n == len(wholeAnswer), errors.Is(err, ipcapi.ErrServiceDied):
			case a.Scheme == ipcapi.UnixSeqpacket && (errors.As(err, &malformed) || err == nil && got == "200 "):
				// a packet is never cut off: this is a service that wrote it so
			default:
				t.Errorf("dead after %d bytes: %q, %v", n, got, err)
			}
			answers <- wholeAnswer
			if got, err := send1(t.Context(), rt, "POST", "hello"); got != "200 hello" || err != nil {
				t.Fatalf("after %d bytes, the next request: %q, %v", n, got, err)
			}
		}
	})
}

// playAnswers gives one answer on each connection.
func playAnswers(l net.Listener, answers <-chan string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		io.ReadAtLeast(conn, make([]byte, 4096), 1)
		if answer := <-answers; answer != "" {
			io.WriteString(conn, answer)
		}
		conn.Close()
	}
}

// TestFloods fills all places of a uid with connections that do nothing good.
func TestFloods(t *testing.T) {
	for _, begun := range []string{"", "P", wholeRequest[:30], wholeRequest[:len(wholeRequest)-1]} {
		eachWire(t, func(t *testing.T, a ipcapi.Address) {
			if a.Scheme == ipcapi.UnixSeqpacket && begun != "" {
				return // a packet is a whole request, and is answered
			}
			const places = 8
			serve(t, a, Config{MaxConns: places, Handler: http.HandlerFunc(echo)})
			var flood []net.Conn
			for range places {
				conn, err := (&Dialer{Address: a}).DialContext(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if begun != "" {
					io.WriteString(conn, begun)
				}
				flood = append(flood, conn)
			}
			for range 3 {
				if _, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "x"); !errors.Is(err, ipcapi.ErrBusy) {
					t.Errorf("beside a flood of %.10q: %v", begun, err)
				}
			}
			for _, conn := range flood {
				conn.Close()
			}
			waitFor(t, func() bool {
				got, _ := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "x")
				return got == "200 x"
			})
		})
	}
}

// waitFor polls for what another goroutine will have done soon.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}

// The message wire gives up on a caller that connects and says nothing. (The
// stream wire's times are tested in package ipcapi.)
func TestSilentCallerIsGivenUp(t *testing.T) {
	a := addressFor(t, ipcapi.UnixSeqpacket)
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	server := newPacketServer(Config{Handler: http.HandlerFunc(echo)})
	server.patience = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.run(ctx, &limitedListener{Listener: l, max: 1, open: map[int]int{}}) }()
	conn, err := (&Dialer{Address: a}).DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%d bytes, %v", n, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestMemoryOfOneUID has more callers than the memory of their uid is enough for:
// some wait, all are served, and never is there more than allowed.
func TestMemoryOfOneUID(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		const body, budget, callers = 60_000, 200_000, 24
		var held, most atomic.Int64
		two := make(chan struct{}) // have been there at once
		meet := sync.OnceFunc(func() { close(two) })
		serve(t, a, Config{Budget: &ipcapi.Budget{PerUID: budget}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			now := held.Add(r.ContentLength)
			defer held.Add(-r.ContentLength)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			if now >= 2*body {
				meet()
			}
			<-two
			if n, err := io.Copy(io.Discard, r.Body); n != body || err != nil {
				http.Error(w, "cut off", http.StatusBadRequest)
			}
		})})
		var running sync.WaitGroup
		for range callers {
			running.Go(func() {
				if got, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", strings.Repeat("x", body)); got != "200 " || err != nil {
					t.Errorf("%.40q, %v", got, err)
				}
			})
		}
		running.Wait()
		if most.Load() > budget {
			t.Errorf("%d bytes at a time, of %d", most.Load(), budget)
		}
	})
}

// A body whose length nobody knows is cut off where the memory ends, and an answer too.
func TestMemoryWithoutLength(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	serve(t, a, Config{Budget: &ipcapi.Budget{PerUID: 100_000}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if n > 100_000 || !errors.Is(err, ipcapi.ErrBusy) {
			t.Errorf("%d bytes, %v", n, err)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})})
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://issuer.example/", io.MultiReader(bytes.NewReader(make([]byte, 300_000))))
	if resp, err := transport(t, Dialer{Address: a}).RoundTrip(r); err == nil {
		resp.Body.Close()
	}

	a = addressFor(t, ipcapi.UnixSeqpacket)
	serve(t, a, Config{Budget: &ipcapi.Budget{PerUID: 100_000}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 100_001))
	})})
	var large *ipcapi.TooLargeError
	if _, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "x"); !errors.As(err, &large) || !large.Response {
		t.Errorf("an answer over the budget: %v", err)
	}
}

// What has begun is finished when the service is told to end; what comes then is
// not begun.
func TestOrderlyEnd(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		l, err := Listen(a)
		if err != nil {
			t.Fatal(err)
		}
		entered, release := make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- Serve(ctx, l, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "PUT" { // came before the listener was closed
					return
				}
				entered <- struct{}{}
				<-release
				io.Copy(w, r.Body)
			})})
		}()
		answered := make(chan string, 1)
		go func() {
			got, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "begun")
			if err != nil {
				got = err.Error()
			}
			answered <- got
		}()
		<-entered
		cancel()
		waitFor(t, func() bool {
			_, err := send1(t.Context(), transport(t, Dialer{Address: a}), "PUT", "late")
			return errors.Is(err, ipcapi.ErrNoService)
		})
		close(release)
		if got := <-answered; got != "200 begun" {
			t.Error(got)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
